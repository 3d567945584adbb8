import type { SessionSource } from "./client";
import { ApiError, errorFromAnswer, noAnswer } from "./errors";
import type { LibraryDocument } from "./types";

export interface UploadOutcome {
  document: LibraryDocument;
  /** True when the library had the same bytes already: nothing was stored twice. */
  known: boolean;
}

/** Called with the part sent so far, 0 to 1. */
export type UploadProgress = (fraction: number) => void;

/** Sends one file as the form field `file`. XMLHttpRequest, because fetch cannot tell how much has been sent. */
export function uploadFile(
  path: string,
  file: File,
  session: SessionSource,
  progress: UploadProgress,
  signal: AbortSignal,
): Promise<UploadOutcome> {
  return new Promise((resolve, reject) => {
    const token = session.token();
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    if (token !== null) request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.total > 0) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status === 401 && token !== null) session.rejected(token);
      try {
        resolve(readOutcome(request.status, request.responseText, request.getResponseHeader("X-Request-ID")));
      } catch (error) {
        reject(error);
      }
    });
    request.addEventListener("error", () => reject(noAnswer()));
    request.addEventListener("abort", () =>
      reject(new ApiError({ status: 0, code: "aborted", message: "Stopped.", requestId: null })),
    );
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}

/** What an answer to an upload means: 200 for bytes the library had, 202 for new ones, else an error. */
export function readOutcome(status: number, body: string, requestId: string | null): UploadOutcome {
  if (status < 200 || status >= 300) throw errorFromAnswer(status, body, requestId);
  let document: LibraryDocument;
  try {
    document = JSON.parse(body) as LibraryDocument;
  } catch {
    throw new ApiError({
      status,
      code: "bad_answer",
      message: "The server's answer was not understood.",
      requestId,
    });
  }
  return { document, known: status === 200 };
}
