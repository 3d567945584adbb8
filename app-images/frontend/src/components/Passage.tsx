import type { SearchResult } from "../api/types";
import { useMemory } from "../memory";
import { href } from "../routing/routes";
import { highlight } from "../wording/highlight";

interface Props {
  result: SearchResult;
  query: string;
}

/** One passage found: its words, and the way to its page. */
export function Passage({ result, query }: Props) {
  const { showPassage } = useMemory();
  return (
    <li className="passage">
      <a
        className="passage-source"
        href={href({ page: "document", id: result.document_id, pdfPage: result.page })}
        onClick={() => showPassage({ documentId: result.document_id, page: result.page, text: result.snippet })}
      >
        <span className="filename">{result.filename}</span>, <span className="page-number">page {result.page}</span>
      </a>
      <p className="passage-text">
        {highlight(result.snippet, query).map((part, index) =>
          part.hit ? <mark key={index}>{part.text}</mark> : <span key={index}>{part.text}</span>,
        )}
      </p>
    </li>
  );
}
