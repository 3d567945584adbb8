import { useCallback, useState, type FormEvent } from "react";
import { Busy } from "../components/Busy";
import { EmptyState } from "../components/EmptyState";
import { ErrorNotice } from "../components/ErrorNotice";
import { PageTitle } from "../components/PageTitle";
import { useLoad } from "../hooks/useLoad";
import { href } from "../routing/routes";
import { goTo } from "../routing/useRoute";
import { useServices } from "../services";
import { moment } from "../wording/numbers";

export function ChaptersPage() {
  const { api } = useServices();
  const load = useCallback((signal: AbortSignal) => api.chapters(signal), [api]);
  const { data, error, loading, reload } = useLoad(load);
  return (
    <>
      <PageTitle title="Chapters" />
      <WriteForm />
      {error !== null && <ErrorNotice error={error} onRetry={reload} />}
      {data === null && loading && <Busy>Loading your chapters…</Busy>}
      {data !== null && data.items.length === 0 && (
        <EmptyState title="No chapter yet">
          <p>
            Name a topic your documents treat. The chapter is put together from their own passages, and every number in
            it leads to the quoted source.
          </p>
        </EmptyState>
      )}
      {data !== null && data.items.length > 0 && (
        <ul className="rows" aria-label="Your chapters">
          {data.items.map((chapter) => (
            <li key={chapter.id} className="row">
              <div className="row-main">
                <a className="chapter-link" href={href({ page: "chapter", id: chapter.id })}>
                  {chapter.title}
                </a>
                <p className="meta">
                  <time dateTime={chapter.created_at}>{moment(chapter.created_at)}</time>
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function WriteForm() {
  const { api } = useServices();
  const [topic, setTopic] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function write(event: FormEvent) {
    event.preventDefault();
    const wanted = topic.trim();
    if (wanted === "") return;
    setBusy(true);
    setError(null);
    try {
      const chapter = await api.writeChapter(wanted);
      goTo({ page: "chapter", id: chapter.id });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }

  return (
    <>
      <form className="ask" onSubmit={(event) => void write(event)}>
        <label htmlFor="topic">What should the chapter be about?</label>
        <div className="ask-line">
          <input
            id="topic"
            value={topic}
            onChange={(event) => setTopic(event.target.value)}
            placeholder="e.g. perioperative management of vestibular schwannoma"
            maxLength={300}
            minLength={2}
            autoComplete="off"
            required
          />
          <button type="submit" className="button button-primary" disabled={busy}>
            Write chapter
          </button>
        </div>
      </form>
      {error !== null && <ErrorNotice error={error} />}
      {busy && <Busy>Gathering passages and writing…</Busy>}
    </>
  );
}
