import { useCallback, useEffect, useState } from "react";
import { Busy } from "../components/Busy";
import { ErrorNotice } from "../components/ErrorNotice";
import { PageTitle } from "../components/PageTitle";
import { useLoad } from "../hooks/useLoad";
import { useMemory } from "../memory";
import { href } from "../routing/routes";
import { useServices } from "../services";

interface Props {
  id: string;
  pdfPage: number;
}

/**
 * A document, opened at a page, with the passage that led there.
 *
 * The file needs the Authorization header, which a link cannot send: it is fetched and shown from memory.
 */
export function DocumentPage({ id, pdfPage }: Props) {
  const { api } = useServices();
  const { passage } = useMemory();
  const loadDocument = useCallback((signal: AbortSignal) => api.document(id, signal), [api, id]);
  const loadFile = useCallback((signal: AbortSignal) => api.documentFile(id, signal), [api, id]);
  const document = useLoad(loadDocument);
  const file = useLoad(loadFile);
  const address = useObjectUrl(file.data);
  const error = document.error ?? file.error;
  const filename = document.data?.filename ?? "Document";
  const quoted = passage?.documentId === id && passage.page === pdfPage ? passage.text : null;

  function retry() {
    document.reload();
    file.reload();
  }

  return (
    <div className="reader">
      <p className="crumb">
        <button type="button" className="link" onClick={() => window.history.back()}>
          Back
        </button>
        <a href={href({ page: "library" })}>Library</a>
      </p>
      <PageTitle title={filename} />
      <div className="reader-bar">
        <span className="meta page-number">page {pdfPage}</span>
        {address !== null && (
          <span className="reader-links">
            <a href={`${address}#page=${pdfPage}`} target="_blank" rel="noreferrer">
              Open in a new tab
            </a>
            <a href={address} download={filename}>
              Download
            </a>
          </span>
        )}
      </div>
      {quoted !== null && <blockquote className="reader-quote">{quoted}</blockquote>}
      {error !== null && <ErrorNotice error={error} onRetry={retry} />}
      {error === null && address === null && <Busy>Opening the document…</Busy>}
      {address !== null && <PdfView address={address} filename={filename} pdfPage={pdfPage} />}
    </div>
  );
}

function PdfView({ address, filename, pdfPage }: { address: string; filename: string; pdfPage: number }) {
  // Phones and locked-down browsers have no viewer of their own: a frame would stay blank or start a download.
  if (!navigator.pdfViewerEnabled) {
    return (
      <p className="notice notice-waiting">
        This browser shows no PDFs inside a page. Download the document and turn to page {pdfPage}.
      </p>
    );
  }
  // The page list of the viewer would take a third of the frame.
  // A changed fragment alone turns no page in some viewers; a new frame does.
  return (
    <iframe
      key={pdfPage}
      className="reader-frame"
      src={`${address}#page=${pdfPage}&navpanes=0`}
      title={`${filename}, page ${pdfPage}`}
    />
  );
}

/** An address for a blob, for as long as the page is open. */
function useObjectUrl(blob: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (blob === null) return undefined;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => {
      setUrl(null);
      URL.revokeObjectURL(made);
    };
  }, [blob]);
  return url;
}
