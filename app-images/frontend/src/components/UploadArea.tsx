import { useId, useRef, useState, type DragEvent } from "react";
import { wordLimits, type UploadLimits } from "../wording/limits";

interface Props {
  onFiles: (files: readonly File[]) => void;
  /** What the server takes; null until it has said so. */
  limits: UploadLimits | null;
}

/** Takes PDFs by drag and drop or from the file chooser. */
export function UploadArea({ onFiles, limits }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const hint = useId();
  // dragenter and dragleave also fire for the elements inside; only the balance tells whether a file is above.
  const depth = useRef(0);
  const [over, setOver] = useState(false);

  function drop(event: DragEvent) {
    event.preventDefault();
    depth.current = 0;
    setOver(false);
    const files = [...event.dataTransfer.files];
    if (files.length > 0) onFiles(files);
  }

  return (
    <div
      className={over ? "upload-area upload-area-over" : "upload-area"}
      onDragEnter={(event) => {
        event.preventDefault();
        depth.current += 1;
        setOver(true);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDragLeave={() => {
        depth.current -= 1;
        if (depth.current <= 0) setOver(false);
      }}
      onDrop={drop}
    >
      <svg className="upload-icon" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 16V4m0 0L7.5 8.5M12 4l4.5 4.5M4 15v3.5A1.5 1.5 0 0 0 5.5 20h13a1.5 1.5 0 0 0 1.5-1.5V15" />
      </svg>
      <div>
        <p className="upload-title">{over ? "Let go to upload" : "Drop PDF files here"}</p>
        <p className="hint" id={hint}>
          {limits === null ? "Their text can be searched as soon as it has been read." : wordLimits(limits)}
        </p>
      </div>
      <button
        type="button"
        className="button button-primary"
        aria-describedby={hint}
        onClick={() => input.current?.click()}
      >
        Choose files
      </button>
      <input
        ref={input}
        type="file"
        accept="application/pdf,.pdf"
        multiple
        hidden
        aria-label="PDF files to upload"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same file chosen again must be noticed again.
          event.target.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
    </div>
  );
}
