import { useCallback, useRef, useState } from "react";
import { Busy } from "../components/Busy";
import { ChapterText } from "../components/ChapterText";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { ErrorNotice } from "../components/ErrorNotice";
import { PageTitle } from "../components/PageTitle";
import { SourceList, sourceId } from "../components/SourceList";
import { useLoad } from "../hooks/useLoad";
import { href } from "../routing/routes";
import { goTo } from "../routing/useRoute";
import { useServices } from "../services";
import { count, moment } from "../wording/numbers";

export function ChapterPage({ id }: { id: string }) {
  const { api } = useServices();
  const load = useCallback((signal: AbortSignal) => api.chapter(id, signal), [api, id]);
  const { data: chapter, error, reload } = useLoad(load);
  const [deleting, setDeleting] = useState(false);
  const [followed, setFollowed] = useState<number | null>(null);
  const cameFrom = useRef<HTMLElement | null>(null);

  if (chapter === null) {
    return (
      <>
        <PageTitle title="Chapter" />
        {error === null ? <Busy>Opening the chapter…</Busy> : <ErrorNotice error={error} onRetry={reload} />}
        <p>
          <a href={href({ page: "chapters" })}>All chapters</a>
        </p>
      </>
    );
  }

  function follow(n: number, from: HTMLElement) {
    cameFrom.current = from;
    setFollowed(n);
    jumpTo(document.getElementById(sourceId(n)));
  }

  return (
    <article className="chapter">
      <p className="crumb">
        <a href={href({ page: "chapters" })}>All chapters</a>
      </p>
      <PageTitle title={chapter.title} />
      <p className="meta chapter-meta">
        Written {moment(chapter.created_at)} from {count(chapter.citations.length, "quotation")}. Check the sources
        before you rely on it.
      </p>
      <div className="chapter-body">
        <ChapterText sections={chapter.sections} onCitation={follow} />
      </div>
      <SourceList citations={chapter.citations} followed={followed} onBack={() => jumpTo(cameFrom.current)} />
      <div className="chapter-actions">
        <button type="button" className="button" onClick={() => window.print()}>
          Print
        </button>
        <button type="button" className="button button-quiet" onClick={() => setDeleting(true)}>
          Delete chapter
        </button>
      </div>
      {deleting && (
        <ConfirmDialog
          title="Delete this chapter?"
          action="Delete chapter"
          onCancel={() => setDeleting(false)}
          onConfirm={async () => {
            await api.deleteChapter(id);
            goTo({ page: "chapters" });
          }}
        >
          <p>
            <strong>{chapter.title}</strong> will be gone for good. The documents it quotes stay.
          </p>
        </ConfirmDialog>
      )}
    </article>
  );
}

/** Brings an element into view and gives it the focus, so that keyboard and screen reader go on from there. */
function jumpTo(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "center" });
  element?.focus({ preventScroll: true });
}
