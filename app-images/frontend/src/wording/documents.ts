import type { DocumentFailure, LibraryDocument } from "../api/types";
import { count } from "./numbers";

export type Tone = "waiting" | "working" | "good" | "bad";

export interface StateWording {
  tone: Tone;
  label: string;
  /** What it means and, where the person can do something, what. */
  sentence: string;
}

/** A document's state in words. */
export function wordState(document: LibraryDocument): StateWording {
  switch (document.state) {
    case "queued":
      return { tone: "waiting", label: "Queued", sentence: "Waiting for its turn to be read." };
    case "processing":
      return { tone: "working", label: "Processing", sentence: "Its text is being read and indexed." };
    case "ready":
      return { tone: "good", label: "Ready", sentence: readySentence(document) };
    case "failed":
      return { tone: "bad", label: "Failed", sentence: failureSentence(document.error) };
    default:
      // A newer server may know more states than this page.
      return { tone: "waiting", label: String(document.state), sentence: "Reload the page to see what this means." };
  }
}

function readySentence(document: LibraryDocument): string {
  const passages = `${count(document.chunks, "passage")} can be found`;
  return document.pages === null ? `${passages}.` : `${count(document.pages, "page")}, ${passages}.`;
}

const FAILURES: Readonly<Record<string, string>> = {
  encrypted: "It is protected by a password. Save a copy without protection and upload that.",
  damaged: "The file is damaged and cannot be read. Get it again from where it came from and upload that.",
  empty: "There is nothing on its pages. Check that the right file was chosen.",
  no_text: "No text was found in it: it is probably a scan. Run text recognition (OCR) on it and upload the result.",
  internal: "Neurocore failed while reading it; the file itself may be fine. Upload it again to have it tried once more.",
};

const UNKNOWN_REASON = "The reason is not known. Upload it again; if it fails again, tell the operators.";

function failureSentence(error: DocumentFailure | null): string {
  if (error === null) return UNKNOWN_REASON;
  if (error.code === "too_many_pages") {
    return `${error.message || "It has too many pages."} Split it and upload the parts.`;
  }
  return FAILURES[error.code] ?? (error.message || UNKNOWN_REASON);
}

/** True while the server still works on it, so that asking again makes sense. */
export function isPending(document: LibraryDocument): boolean {
  return document.state === "queued" || document.state === "processing";
}
