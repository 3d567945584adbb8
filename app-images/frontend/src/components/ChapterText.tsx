import type { Paragraph, Section } from "../api/types";

interface Props {
  sections: Section[];
  onCitation: (n: number, from: HTMLElement) => void;
}

/** A chapter's text; each number leads to the source it stands for. */
export function ChapterText({ sections, onCitation }: Props) {
  return sections.map((section, index) => (
    <section key={index} className="chapter-section">
      <h2>{section.heading}</h2>
      {section.paragraphs.map((paragraph, position) => (
        <CitedParagraph key={position} paragraph={paragraph} onCitation={onCitation} />
      ))}
    </section>
  ));
}

function CitedParagraph({ paragraph, onCitation }: { paragraph: Paragraph; onCitation: Props["onCitation"] }) {
  // The last word stays with its numbers: a line that begins with a number says nothing.
  const lastWord = paragraph.text.lastIndexOf(" ") + 1;
  return (
    <p>
      {paragraph.text.slice(0, lastWord)}
      <span className="unbroken">
        {paragraph.text.slice(lastWord)}
        {paragraph.citations.map((n) => (
          <sup key={n}>
            <button
              type="button"
              className="citation"
              aria-label={`Source ${n}`}
              onClick={(event) => onCitation(n, event.currentTarget)}
            >
              {n}
            </button>
          </sup>
        ))}
      </span>
    </p>
  );
}
