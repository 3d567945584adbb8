import { useCallback, useEffect, useRef, useState } from "react";
import type { ApiClient } from "../api/client";
import { isStopped } from "../wording/errors";
import { refuseTooLarge, type UploadLimits } from "../wording/limits";

export type UploadState =
  | { step: "sending"; fraction: number }
  /** `knownAs`: the name under which the library had the same bytes already; null for new ones. */
  | { step: "stored"; knownAs: string | null }
  | { step: "refused"; error: unknown };

export interface Upload {
  key: number;
  filename: string;
  size: number;
  state: UploadState;
}

export interface Uploads {
  list: Upload[];
  /** Grows by one whenever a file has arrived, so that the list of documents is read again. */
  arrivals: number;
  add: (files: readonly File[]) => void;
  /** Stops one that is being sent; takes one that has ended off the list. */
  dismiss: (key: number) => void;
}

/** Uploads of this tab, one after the other: two at once would only share the same line. */
export function useUploads(
  api: ApiClient,
  limits: UploadLimits | null,
  announce: (sentence: string) => void,
): Uploads {
  const [list, setList] = useState<Upload[]>([]);
  const [arrivals, setArrivals] = useState(0);
  const nextKey = useRef(1);
  const chain = useRef<Promise<void>>(Promise.resolve());
  const stops = useRef(new Map<number, AbortController>());

  const update = useCallback((key: number, state: UploadState) => {
    setList((before) => before.map((upload) => (upload.key === key ? { ...upload, state } : upload)));
  }, []);
  const remove = useCallback((key: number) => {
    setList((before) => before.filter((upload) => upload.key !== key));
  }, []);

  const send = useCallback(
    async (key: number, file: File, stop: AbortController) => {
      if (stop.signal.aborted) return;
      try {
        const { document, known } = await api.upload(file, (fraction) => update(key, { step: "sending", fraction }), stop.signal);
        update(key, { step: "stored", knownAs: known ? document.filename : null });
        setArrivals((before) => before + 1);
        announce(known ? `${file.name} was in the library already.` : `${file.name} has been uploaded.`);
      } catch (error) {
        if (isStopped(error)) remove(key);
        else update(key, { step: "refused", error });
      } finally {
        stops.current.delete(key);
      }
    },
    [api, announce, remove, update],
  );

  const add = useCallback(
    (files: readonly File[]) => {
      for (const file of files) {
        const key = nextKey.current++;
        const refusal = refuseTooLarge(file.size, limits);
        const state: UploadState =
          refusal === null ? { step: "sending", fraction: 0 } : { step: "refused", error: refusal };
        setList((before) => [...before, { key, filename: file.name, size: file.size, state }]);
        if (refusal !== null) continue;
        const stop = new AbortController();
        stops.current.set(key, stop);
        chain.current = chain.current.then(() => send(key, file, stop));
      }
    },
    [limits, send],
  );

  const dismiss = useCallback(
    (key: number) => {
      stops.current.get(key)?.abort();
      stops.current.delete(key);
      remove(key);
    },
    [remove],
  );

  // Logging out ends what was being sent in one's name.
  useEffect(() => {
    const running = stops.current;
    return () => running.forEach((stop) => stop.abort());
  }, []);

  const sending = list.some((upload) => upload.state.step === "sending");
  useEffect(() => {
    if (!sending) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [sending]);

  return { list, arrivals, add, dismiss };
}
