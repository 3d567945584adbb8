import type { LibraryDocument } from "../api/types";
import { href } from "../routing/routes";
import { wordState } from "../wording/documents";
import { fileSize, moment } from "../wording/numbers";
import { StateBadge } from "./StateBadge";

interface Props {
  document: LibraryDocument;
  onDelete: () => void;
}

/** A document, its state in words, and, for the person who uploaded it, the way to be rid of it. */
export function DocumentRow({ document, onDelete }: Props) {
  const wording = wordState(document);
  return (
    <li className="row">
      <div className="row-main">
        <a className="filename" href={href({ page: "document", id: document.id, pdfPage: 1 })}>
          {document.filename}
        </a>
        <p className={wording.tone === "bad" ? "row-sentence row-sentence-bad" : "row-sentence"}>{wording.sentence}</p>
        <p className="meta">
          {fileSize(document.size_bytes)} · <time dateTime={document.created_at}>{moment(document.created_at)}</time>
          {!document.mine && " · from a colleague"}
        </p>
      </div>
      <StateBadge wording={wording} />
      {document.mine && (
        <button
          type="button"
          className="button button-quiet"
          aria-label={`Delete ${document.filename}`}
          onClick={onDelete}
        >
          Delete
        </button>
      )}
    </li>
  );
}
