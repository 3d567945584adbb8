import { useCallback, useEffect, useRef, useState } from "react";
import type { LibraryDocument, Page } from "../api/types";
import { useAnnounce } from "../components/Announcer";
import { Busy } from "../components/Busy";
import { ConfirmDialog } from "../components/ConfirmDialog";
import { DocumentRow } from "../components/DocumentRow";
import { EmptyState } from "../components/EmptyState";
import { ErrorNotice } from "../components/ErrorNotice";
import { PageTitle } from "../components/PageTitle";
import { Pager } from "../components/Pager";
import { UploadArea } from "../components/UploadArea";
import { UploadList } from "../components/UploadList";
import { useLoad } from "../hooks/useLoad";
import type { Uploads } from "../hooks/useUploads";
import { useServices } from "../services";
import { isPending, wordState } from "../wording/documents";
import type { UploadLimits } from "../wording/limits";
import { count } from "../wording/numbers";

const PAGE_SIZE = 25;
/** Milliseconds between two looks at documents that are being worked on. */
const LOOK_AGAIN = 1500;
/** Milliseconds until the list is asked for again when it could not be had. */
const RETRY = 5000;

interface Props {
  uploads: Uploads;
  limits: UploadLimits | null;
}

export function LibraryPage({ uploads, limits }: Props) {
  const { api } = useServices();
  const [offset, setOffset] = useState(0);
  const [deleting, setDeleting] = useState<LibraryDocument | null>(null);
  const load = useCallback((signal: AbortSignal) => api.documents(PAGE_SIZE, offset, signal), [api, offset]);
  const { data, error, loading, reload } = useLoad(load, nextLook);
  useAnnouncedStates(data);

  const { arrivals } = uploads;
  const arrivalsSeen = useRef(arrivals);
  useEffect(() => {
    if (arrivals === arrivalsSeen.current) return;
    arrivalsSeen.current = arrivals;
    setOffset(0); // new documents come first
    reload();
  }, [arrivals, reload]);

  // The last document of the last page is gone: there is nothing to show there any more.
  useEffect(() => {
    if (data !== null && data.items.length === 0 && offset > 0) setOffset(Math.max(0, offset - PAGE_SIZE));
  }, [data, offset]);

  return (
    <>
      <PageTitle title="Library">
        {data !== null && data.total > 0 && <p className="meta">{count(data.total, "document")}</p>}
      </PageTitle>
      <UploadArea onFiles={uploads.add} limits={limits} />
      <UploadList uploads={uploads.list} onDismiss={uploads.dismiss} />
      {error !== null && <ErrorNotice error={error} onRetry={reload} />}
      {data === null && loading && <Busy>Loading the library…</Busy>}
      {data !== null && data.total === 0 && (
        <EmptyState title="The library is empty">
          <p>
            Upload a guideline, a paper or a book chapter as PDF. As soon as it is ready you can search it by meaning
            and have chapters written from it.
          </p>
        </EmptyState>
      )}
      {data !== null && data.items.length > 0 && (
        <ul className="rows" aria-label="Documents">
          {data.items.map((document) => (
            <DocumentRow key={document.id} document={document} onDelete={() => setDeleting(document)} />
          ))}
        </ul>
      )}
      {data !== null && <Pager offset={offset} size={PAGE_SIZE} total={data.total} onOffset={setOffset} />}
      {deleting !== null && (
        <ConfirmDialog
          title="Delete this document?"
          action="Delete document"
          onCancel={() => setDeleting(null)}
          onConfirm={async () => {
            await api.deleteDocument(deleting.id);
            setDeleting(null);
            reload();
          }}
        >
          <p>
            <strong className="filename">{deleting.filename}</strong> will no longer be found by anybody. Chapters that
            quote it keep their text.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

function nextLook(data: Page<LibraryDocument> | null): number | null {
  if (data === null) return RETRY;
  return data.items.some(isPending) ? LOOK_AGAIN : null;
}

/** Says aloud what became of documents that were being worked on. */
function useAnnouncedStates(data: Page<LibraryDocument> | null): void {
  const announce = useAnnounce();
  const pending = useRef(new Set<string>());
  useEffect(() => {
    if (data === null) return;
    for (const document of data.items) {
      if (isPending(document)) {
        pending.current.add(document.id);
      } else if (pending.current.delete(document.id)) {
        const { label, sentence } = wordState(document);
        announce(`${document.filename}: ${label}. ${sentence}`);
      }
    }
  }, [announce, data]);
}
