import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiClient } from "../src/api/client";
import { readOutcome } from "../src/api/upload";

const fetchMock = vi.fn<typeof fetch>();
const session = { token: vi.fn<() => string | null>(), rejected: vi.fn<(token: string) => void>() };
const api = new ApiClient(session);

function answer(status: number, body: string, headers: Record<string, string> = {}) {
  fetchMock.mockResolvedValueOnce(new Response(status === 204 ? null : body, { status, headers }));
}

function sent(): { path: string; init: RequestInit; headers: Headers } {
  const [path, init] = fetchMock.mock.lastCall ?? [];
  return { path: String(path), init: init ?? {}, headers: new Headers(init?.headers) };
}

beforeEach(() => {
  vi.stubGlobal("fetch", fetchMock);
  session.token.mockReturnValue("secret-token");
});

afterEach(() => {
  fetchMock.mockReset();
  session.rejected.mockReset();
});

describe("what is asked", () => {
  it("carries the token when there is one, and none when there is none", async () => {
    answer(200, '{"items":[],"total":0}');
    await api.documents(25, 50);
    expect(sent().path).toBe("/api/documents?limit=25&offset=50");
    expect(sent().headers.get("Authorization")).toBe("Bearer secret-token");

    session.token.mockReturnValue(null);
    answer(200, "{}");
    await api.status();
    expect(sent().headers.has("Authorization")).toBe(false);
  });

  it("survives every letter a question may have", async () => {
    answer(200, '{"query":"","results":[],"took_ms":1}');
    await api.search("drain & 48 h? #1 + Ödem", 10);
    const url = new URL(sent().path, "http://house");
    expect(url.searchParams.get("q")).toBe("drain & 48 h? #1 + Ödem");
    expect(url.searchParams.get("limit")).toBe("10");
  });

  it("cannot be led to another path by an id from an address", async () => {
    answer(204, "");
    await api.deleteDocument("../auth/me");
    expect(sent().path).toBe("/api/documents/..%2Fauth%2Fme");
    expect(sent().init.method).toBe("DELETE");
  });

  it("leaves an empty name out of a registration", async () => {
    answer(201, "{}");
    await api.register("a@b.org", "four quiet words", "");
    expect(JSON.parse(String(sent().init.body))).toEqual({ email: "a@b.org", password: "four quiet words" });
  });
});

describe("what comes back", () => {
  it("is an ApiError with the request id when the API refuses", async () => {
    answer(422, '{"error":{"code":"nothing_found","message":"Nothing."},"request_id":"r-1"}');
    await expect(api.writeChapter("the moon")).rejects.toMatchObject({
      name: "ApiError",
      status: 422,
      code: "nothing_found",
      requestId: "r-1",
    });
  });

  it("is an ApiError when nobody answers", async () => {
    fetchMock.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    await expect(api.me()).rejects.toMatchObject({ name: "ApiError", status: 0, code: "network" });
  });

  it("is an ApiError when the connection breaks in the middle of an answer", async () => {
    const broken = new Response(new ReadableStream({ start: (stream) => stream.error(new TypeError("network")) }));
    fetchMock.mockResolvedValueOnce(broken);
    await expect(api.me()).rejects.toMatchObject({ name: "ApiError", code: "network" });
  });

  it("is an ApiError when something that is not the API answers with 200", async () => {
    answer(200, "<html>Welcome to the guest network</html>", { "X-Request-ID": "r-2" });
    await expect(api.me()).rejects.toMatchObject({ name: "ApiError", code: "bad_answer", requestId: "r-2" });
  });

  it("is marked as stopped when the page stopped it", async () => {
    fetchMock.mockRejectedValueOnce(new DOMException("stopped", "AbortError"));
    await expect(api.me()).rejects.toMatchObject({ code: "aborted" });
  });

  it("is a PDF and nothing else, whatever the server called the file", async () => {
    answer(200, "<script>alert(1)</script>", { "Content-Type": "text/html" });
    const blob = await api.documentFile("d-1");
    expect(blob.type).toBe("application/pdf");
  });
});

describe("a session that the server no longer accepts", () => {
  it("is reported with the token that was refused", async () => {
    answer(401, '{"error":{"code":"unauthenticated","message":"Expired."},"request_id":"r-3"}');
    await expect(api.me()).rejects.toMatchObject({ status: 401 });
    expect(session.rejected).toHaveBeenCalledExactlyOnceWith("secret-token");
  });

  it("is not what a wrong password means", async () => {
    session.token.mockReturnValue(null);
    answer(401, '{"error":{"code":"wrong_credentials","message":"Wrong."},"request_id":"r-4"}');
    await expect(api.login("a@b.org", "wrong")).rejects.toMatchObject({ code: "wrong_credentials" });
    expect(session.rejected).not.toHaveBeenCalled();
  });
});

describe("an upload's answer", () => {
  it("tells new bytes from known ones", () => {
    expect(readOutcome(202, '{"id":"d-1"}', null)).toEqual({ document: { id: "d-1" }, known: false });
    expect(readOutcome(200, '{"id":"d-1"}', null).known).toBe(true);
  });

  it("is an error for anything else", () => {
    const tooLarge = '{"error":{"code":"too_large","message":"At most 100 MB."},"request_id":"r-5"}';
    expect(() => readOutcome(413, tooLarge, null)).toThrowError("At most 100 MB.");
    expect(() => readOutcome(202, "stored!", "r-6")).toThrowError("not understood");
  });
});
