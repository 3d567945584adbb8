import type { Upload } from "../hooks/useUploads";
import { fileSize } from "../wording/numbers";
import { ErrorNotice } from "./ErrorNotice";

interface Props {
  uploads: Upload[];
  onDismiss: (key: number) => void;
}

/** Files on their way and what became of them; the stored ones live on in the list of documents. */
export function UploadList({ uploads, onDismiss }: Props) {
  const shown = uploads.filter((upload) => upload.state.step !== "stored" || upload.state.knownAs !== null);
  if (shown.length === 0) return null;
  return (
    <ul className="uploads" aria-label="Uploads">
      {shown.map((upload) => (
        <li key={upload.key} className="upload">
          <div className="upload-head">
            <span className="filename">{upload.filename}</span>
            <span className="meta">{fileSize(upload.size)}</span>
            <button
              type="button"
              className="button button-quiet"
              aria-label={`${upload.state.step === "sending" ? "Cancel" : "Dismiss"} ${upload.filename}`}
              onClick={() => onDismiss(upload.key)}
            >
              {upload.state.step === "sending" ? "Cancel" : "Dismiss"}
            </button>
          </div>
          <UploadProgress upload={upload} />
        </li>
      ))}
    </ul>
  );
}

function UploadProgress({ upload }: { upload: Upload }) {
  const { state } = upload;
  switch (state.step) {
    case "sending": {
      const percent = Math.floor(state.fraction * 100);
      return (
        <div className="upload-progress">
          <progress max={100} value={percent} aria-label={`Uploading ${upload.filename}`} />
          <span className="meta">{percent === 100 ? "Being stored…" : `${percent} %`}</span>
        </div>
      );
    }
    case "stored":
      return (
        <p className="meta">
          The library has this file already, as <span className="filename">{state.knownAs}</span>. Nothing was stored
          twice.
        </p>
      );
    case "refused":
      return <ErrorNotice error={state.error} />;
  }
}
