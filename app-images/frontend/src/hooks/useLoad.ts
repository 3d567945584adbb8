import { useCallback, useEffect, useRef, useState } from "react";
import { isStopped } from "../wording/errors";

export interface Loaded<T> {
  data: T | null;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

/**
 * Loads something when a page opens and whenever `load` changes (wrap it in useCallback); what was there stays
 * on the screen while it is loaded again.
 *
 * @param again milliseconds after an answer until the next question, or null for no more: asked of the latest
 *   answer. Nothing is asked while the tab is hidden.
 */
export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  again: (data: T | null) => number | null = never,
): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [loading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const latestAgain = useRef(again);
  useEffect(() => {
    latestAgain.current = again;
  });

  useEffect(() => {
    const stop = new AbortController();
    let timer: number | undefined;
    const next = (answer: T | null) => {
      const delay = latestAgain.current(answer);
      if (delay !== null) timer = window.setTimeout(() => whenVisible(reload, stop.signal), delay);
    };
    setLoading(true);
    load(stop.signal).then(
      (answer) => {
        if (stop.signal.aborted) return;
        setData(answer);
        setError(null);
        setLoading(false);
        next(answer);
      },
      (failure: unknown) => {
        if (stop.signal.aborted || isStopped(failure)) return;
        setError(failure);
        setLoading(false);
        next(null);
      },
    );
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [load, round, reload]);

  return { data, error, loading, reload };
}

function never(): null {
  return null;
}

function whenVisible(action: () => void, signal: AbortSignal): void {
  if (!document.hidden) {
    action();
    return;
  }
  document.addEventListener("visibilitychange", action, { once: true, signal });
}
