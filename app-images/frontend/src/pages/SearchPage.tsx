import { useRef, useState, type FormEvent } from "react";
import { Busy } from "../components/Busy";
import { EmptyState } from "../components/EmptyState";
import { ErrorNotice } from "../components/ErrorNotice";
import { PageTitle } from "../components/PageTitle";
import { Passage } from "../components/Passage";
import { useMemory } from "../memory";
import { href } from "../routing/routes";
import { useServices } from "../services";
import { isStopped } from "../wording/errors";
import { count } from "../wording/numbers";

const PASSAGES = 10;

export function SearchPage() {
  const { api } = useServices();
  const { lastSearch, rememberSearch } = useMemory();
  const [query, setQuery] = useState(lastSearch?.query ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);

  async function search(event: FormEvent) {
    event.preventDefault();
    const wanted = query.trim();
    if (wanted === "") return;
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    setBusy(true);
    setError(null);
    try {
      rememberSearch(await api.search(wanted, PASSAGES, stop.signal));
    } catch (failure) {
      if (isStopped(failure)) return; // a newer search has taken over
      setError(failure);
    }
    setBusy(false);
  }

  return (
    <>
      <PageTitle title="Search" />
      <form className="ask" role="search" onSubmit={(event) => void search(event)}>
        <label htmlFor="query">What are you looking for?</label>
        <div className="ask-line">
          <input
            id="query"
            type="search"
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            placeholder="e.g. when to operate on a chronic subdural haematoma"
            maxLength={500}
            minLength={2}
            autoComplete="off"
            required
          />
          <button type="submit" className="button button-primary" disabled={busy}>
            Search
          </button>
        </div>
      </form>
      {error !== null && <ErrorNotice error={error} />}
      {busy && <Busy>Searching…</Busy>}
      {!busy && error === null && lastSearch === null && (
        <EmptyState title="Ask as you would ask a colleague">
          <p>
            Passages are found by what they mean, not only by the words they use. Each one shows its page and opens the
            document there.
          </p>
        </EmptyState>
      )}
      {!busy && error === null && lastSearch !== null && <Answer />}
    </>
  );
}

function Answer() {
  const { lastSearch } = useMemory();
  if (lastSearch === null) return null;
  const { query, results, took_ms } = lastSearch;
  if (results.length === 0) {
    return (
      <EmptyState title="Nothing found">
        <p>
          Try other words, or look in the <a href={href({ page: "library" })}>library</a> whether the documents you
          expect are there and ready.
        </p>
      </EmptyState>
    );
  }
  return (
    <section aria-label="Passages found">
      <p className="meta answer-meta" role="status">
        {count(results.length, "passage")} for “{query}” in {Math.max(1, Math.round(took_ms))} ms, best first
      </p>
      <ol className="passages">
        {results.map((result) => (
          <Passage key={result.chunk_id} result={result} query={query} />
        ))}
      </ol>
    </section>
  );
}
