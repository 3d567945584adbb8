import { createContext, useContext } from "react";
import type { SearchAnswer } from "./api/types";

/** The passage by which a person came to a document's page. */
export interface PassageShown {
  documentId: string;
  page: number;
  text: string;
}

/**
 * What the pages remember for one another until the person logs out, in memory only: addresses and storage
 * outlive a session on a shared computer, and a question may name a patient.
 */
export interface Memory {
  lastSearch: SearchAnswer | null;
  rememberSearch: (answer: SearchAnswer) => void;
  passage: PassageShown | null;
  showPassage: (passage: PassageShown) => void;
}

export const MemoryContext = createContext<Memory | null>(null);

export function useMemory(): Memory {
  const memory = useContext(MemoryContext);
  if (memory === null) throw new Error("useMemory needs a MemoryContext above it.");
  return memory;
}
