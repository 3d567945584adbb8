import { ApiError, errorFromAnswer, noAnswer } from "./errors";
import type {
  Chapter,
  ChapterSummary,
  LibraryDocument,
  Page,
  SearchAnswer,
  SystemStatus,
  Token,
  User,
} from "./types";
import { uploadFile, type UploadOutcome, type UploadProgress } from "./upload";

/** Where the client finds the session, and whom it tells when the server no longer accepts it. */
export interface SessionSource {
  token(): string | null;
  /** Called once for each answer 401 to a request that carried a token. */
  rejected(token: string): void;
}

interface RequestOptions {
  method?: "GET" | "POST" | "DELETE";
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** The API, one method an endpoint. Every method rejects with an {@link ApiError} and nothing else. */
export class ApiClient {
  readonly #session: SessionSource;

  constructor(session: SessionSource) {
    this.#session = session;
  }

  status(signal?: AbortSignal): Promise<SystemStatus> {
    return this.#json("/api/status", { signal });
  }

  register(email: string, password: string, name: string): Promise<User> {
    const body = name === "" ? { email, password } : { email, password, name };
    return this.#json("/api/auth/register", { method: "POST", body });
  }

  login(email: string, password: string): Promise<Token> {
    return this.#json("/api/auth/login", { method: "POST", body: { email, password } });
  }

  me(signal?: AbortSignal): Promise<User> {
    return this.#json("/api/auth/me", { signal });
  }

  documents(limit: number, offset: number, signal?: AbortSignal): Promise<Page<LibraryDocument>> {
    return this.#json(`/api/documents?limit=${limit}&offset=${offset}`, { signal });
  }

  document(id: string, signal?: AbortSignal): Promise<LibraryDocument> {
    return this.#json(`/api/documents/${encodeURIComponent(id)}`, { signal });
  }

  async documentFile(id: string, signal?: AbortSignal): Promise<Blob> {
    const answer = await this.#send(`/api/documents/${encodeURIComponent(id)}/file`, { signal });
    const bytes = await readBody(answer, (whole) => whole.arrayBuffer());
    // The type is ours, never the server's: a blob: address has this page's origin, and only as a PDF can
    // what somebody uploaded not run as a page here.
    return new Blob([bytes], { type: "application/pdf" });
  }

  upload(file: File, progress: UploadProgress, signal: AbortSignal): Promise<UploadOutcome> {
    return uploadFile("/api/documents", file, this.#session, progress, signal);
  }

  deleteDocument(id: string): Promise<void> {
    return this.#nothing(`/api/documents/${encodeURIComponent(id)}`);
  }

  search(query: string, limit: number, signal?: AbortSignal): Promise<SearchAnswer> {
    const parameters = new URLSearchParams({ q: query, limit: String(limit) });
    return this.#json(`/api/search?${parameters}`, { signal });
  }

  writeChapter(topic: string, signal?: AbortSignal): Promise<Chapter> {
    return this.#json("/api/chapters", { method: "POST", body: { topic }, signal });
  }

  chapters(signal?: AbortSignal): Promise<Page<ChapterSummary>> {
    return this.#json("/api/chapters", { signal });
  }

  chapter(id: string, signal?: AbortSignal): Promise<Chapter> {
    return this.#json(`/api/chapters/${encodeURIComponent(id)}`, { signal });
  }

  deleteChapter(id: string): Promise<void> {
    return this.#nothing(`/api/chapters/${encodeURIComponent(id)}`);
  }

  async #json<T>(path: string, options: RequestOptions): Promise<T> {
    const answer = await this.#send(path, options);
    const text = await readBody(answer, (whole) => whole.text());
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new ApiError({
        status: answer.status,
        code: "bad_answer",
        message: "The server's answer was not understood.",
        requestId: answer.headers.get("X-Request-ID"),
      });
    }
  }

  async #nothing(path: string): Promise<void> {
    await this.#send(path, { method: "DELETE" });
  }

  async #send(path: string, { method = "GET", body, signal }: RequestOptions): Promise<Response> {
    const token = this.#session.token();
    const headers = new Headers({ Accept: "application/json" });
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    let answer: Response;
    try {
      answer = await fetch(path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
        // Lists change behind the browser's back, and patient text has no place in its cache.
        cache: "no-store",
      });
    } catch (error) {
      throw isAbort(error) ? aborted() : noAnswer();
    }
    if (answer.ok) return answer;
    if (answer.status === 401 && token !== null) this.#session.rejected(token);
    const text = await readBody(answer, (whole) => whole.text());
    throw errorFromAnswer(answer.status, text, answer.headers.get("X-Request-ID"));
  }
}

async function readBody<T>(answer: Response, read: (answer: Response) => Promise<T>): Promise<T> {
  try {
    return await read(answer);
  } catch (error) {
    throw isAbort(error) ? aborted() : noAnswer(); // the connection broke while the body was on its way
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

function aborted(): ApiError {
  return new ApiError({ status: 0, code: "aborted", message: "Stopped.", requestId: null });
}
