import type { Citation } from "../api/types";
import { useMemory } from "../memory";
import { href } from "../routing/routes";

interface Props {
  citations: Citation[];
  /** The number that was followed last; its source offers the way back. */
  followed: number | null;
  onBack: () => void;
}

/** Id of the element that shows a source, for jumps from the text. */
export function sourceId(n: number): string {
  return `source-${n}`;
}

export function SourceList({ citations, followed, onBack }: Props) {
  const { showPassage } = useMemory();
  return (
    <section className="sources" aria-labelledby="sources-heading">
      <h2 id="sources-heading">Sources</h2>
      <ol>
        {citations.map(({ n, document_id, filename, page, quote }) => (
          <li
            key={n}
            id={sourceId(n)}
            value={n}
            tabIndex={-1}
            className={n === followed ? "source source-followed" : "source"}
          >
            <span className="source-number" aria-hidden="true">
              {n}
            </span>
            <div>
              <blockquote>{quote}</blockquote>
              <p className="source-place">
                <a
                  href={href({ page: "document", id: document_id, pdfPage: page })}
                  onClick={() => showPassage({ documentId: document_id, page, text: quote })}
                >
                  <span className="filename">{filename}</span>, <span className="page-number">page {page}</span>
                </a>
                {n === followed && (
                  <button type="button" className="button button-quiet" onClick={onBack}>
                    Back to the text
                  </button>
                )}
              </p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
