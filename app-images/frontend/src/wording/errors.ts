import { ApiError } from "../api/errors";

export interface ErrorWording {
  sentence: string;
  /** Given to the operators, it finds the request in the logs; null when no request got that far. */
  requestId: string | null;
}

const BY_CODE: Readonly<Record<string, string>> = {
  network: "Neurocore could not be reached. Check this computer's network connection, then try again.",
  bad_answer: "The server's answer was not understood. Reload the page; it may have been updated meanwhile.",
  wrong_credentials: "The e-mail address or the password is wrong.",
  email_taken: "There is already an account with this e-mail address. Log in instead.",
  registration_closed: "New accounts are made by the operators of this system. Ask them for one.",
  database_unavailable: "The database does not answer at the moment. Try again in a few seconds.",
  file_missing: "The document is known, but its file is missing. Tell the operators: they can restore it.",
  not_a_pdf: "This is not a PDF. Only PDF files can be read.",
  nothing_found:
    "The library has nothing on this topic. Try other words, or upload documents that treat it.",
};

const BY_STATUS: Readonly<Record<number, string>> = {
  401: "You are not logged in any more. Log in and try again.",
  404: "It is not there any more: it may have been deleted.",
  429: "Too many requests in a short time. Wait a minute, then try again.",
  502: "Neurocore is starting or being updated. Try again in a moment.",
  503: "Neurocore is starting or being updated. Try again in a moment.",
  504: "Neurocore took too long to answer. Try again in a moment.",
};

/** What went wrong, as a sentence that ends in what to do. */
export function wordError(error: unknown): ErrorWording {
  if (!(error instanceof ApiError)) {
    return { sentence: "This page failed. Reload it and try again.", requestId: null };
  }
  return { sentence: sentenceOf(error), requestId: error.requestId };
}

function sentenceOf(error: ApiError): string {
  const known = BY_CODE[error.code];
  if (known !== undefined) return known;
  if (error.status === 413) {
    // The server's sentence has the limit in it.
    return `${error.message || "The file is larger than this system takes."} Split it and upload the parts.`;
  }
  // The server's sentence says how long to wait.
  if (error.code === "too_many_attempts" && error.message !== "") return error.message;
  const general = BY_STATUS[error.status];
  if (general !== undefined) return general;
  if (error.status >= 500) {
    return "Something went wrong on the server. Try again; if it stays, give the operators the request number.";
  }
  return error.message || `The server refused this (status ${error.status}).`;
}

/** True when the person stopped it themselves: nothing to report. */
export function isStopped(error: unknown): boolean {
  return error instanceof ApiError && error.code === "aborted";
}
