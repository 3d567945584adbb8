import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";

const AnnouncerContext = createContext<(sentence: string) => void>(() => undefined);

/** Says a sentence to screen readers when something changed by itself. */
export function useAnnounce(): (sentence: string) => void {
  return useContext(AnnouncerContext);
}

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ sentence: "", times: 0 });
  const announce = useCallback((sentence: string) => setSaid((before) => ({ sentence, times: before.times + 1 })), []);
  // A new element each time, or the same sentence twice is read out once.
  const line = useMemo(() => <span key={said.times}>{said.sentence}</span>, [said]);
  return (
    <AnnouncerContext.Provider value={announce}>
      {children}
      <div className="visually-hidden" role="status" aria-live="polite">
        {line}
      </div>
    </AnnouncerContext.Provider>
  );
}
