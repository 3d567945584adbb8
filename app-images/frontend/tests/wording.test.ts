import { describe, expect, it } from "vitest";
import type { DocumentFailure, DocumentState, LibraryDocument, SystemStatus } from "../src/api/types";
import { isPending, wordState } from "../src/wording/documents";
import { highlight } from "../src/wording/highlight";
import { wordHouse } from "../src/wording/house";
import { count, fileSize } from "../src/wording/numbers";

function document(state: DocumentState, more: Partial<LibraryDocument> = {}): LibraryDocument {
  return {
    id: "d-1",
    sha256: "0",
    filename: "drains.pdf",
    size_bytes: 1,
    state,
    pages: null,
    chunks: 0,
    error: null,
    mine: true,
    created_at: "2025-11-24T12:00:00Z",
    ...more,
  };
}

const failed = (error: DocumentFailure | null) => wordState(document("failed", { error })).sentence;

describe("a document's state", () => {
  it("has a word, a tone and a sentence each", () => {
    expect(wordState(document("queued"))).toMatchObject({ label: "Queued", tone: "waiting" });
    expect(wordState(document("processing"))).toMatchObject({ label: "Processing", tone: "working" });
    expect(wordState(document("failed"))).toMatchObject({ label: "Failed", tone: "bad" });
    expect(wordState(document("ready", { pages: 1, chunks: 4 }))).toEqual({
      label: "Ready",
      tone: "good",
      sentence: "1 page, 4 passages can be found.",
    });
  });

  it.each([
    ["encrypted", "password"],
    ["damaged", "damaged"],
    ["empty", "nothing on its pages"],
    ["no_text", "OCR"],
    ["internal", "Upload it again"],
  ])("failed as %s says why and what to do", (code, expected) => {
    const sentence = failed({ code, message: "server's words" });
    expect(sentence).toContain(expected);
    expect(sentence).toMatch(/\.$/);
  });

  it("keeps the server's words for too many pages, and adds what to do", () => {
    expect(failed({ code: "too_many_pages", message: "It has 2,611 pages; 2,000 are allowed." })).toBe(
      "It has 2,611 pages; 2,000 are allowed. Split it and upload the parts.",
    );
  });

  it("has something to say about reasons and states of a newer server", () => {
    expect(failed({ code: "handwritten", message: "It is written by hand." })).toBe("It is written by hand.");
    expect(failed(null)).toContain("not known");
    expect(wordState(document("paused" as DocumentState)).label).toBe("paused");
  });

  it("is asked for again only while something is still to come", () => {
    expect((["queued", "processing", "ready", "failed"] as const).map((state) => isPending(document(state)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("the line on whether text leaves the house", () => {
  const status = (ai_external: boolean): SystemStatus => ({
    version: "1",
    ai_external,
    registration: "open",
    max_upload_mb: 100,
    max_pages: 2000,
    embedding: { provider: "openai", model: "m", dimensions: 1 },
  });

  it("says no, or says where to", () => {
    expect(wordHouse(status(false))).toMatch(/^No text leaves this house/);
    expect(wordHouse(status(true))).toMatch(/^Text leaves this house.*openai.*patient/);
  });
});

describe("highlight", () => {
  const marked = (snippet: string, query: string) =>
    highlight(snippet, query)
      .filter((part) => part.hit)
      .map((part) => part.text);

  it("marks the query's words and their longer forms, in any case", () => {
    expect(marked("Drains: the drain was drained; a raindrain wasn't.", "drain")).toEqual(["Drains", "drain", "drained"]);
  });

  it("leaves out words that are everywhere and takes signs literally", () => {
    expect(marked("The (b) is c++ with .*", "What is the (b) .* c++ with?")).toEqual([]);
  });

  it("knows letters beyond English", () => {
    expect(marked("Das Ödem nimmt ab.", "ödem")).toEqual(["Ödem"]);
  });

  it("loses nothing of the snippet", () => {
    const snippet = "Drain left for 48 hours; drain removed.";
    expect(highlight(snippet, "drain hours").map((part) => part.text).join("")).toBe(snippet);
  });
});

describe("numbers", () => {
  it("are said as people say them", () => {
    expect([count(1, "page"), count(0, "page"), count(2611, "page")]).toEqual(["1 page", "0 pages", "2,611 pages"]);
    expect([1, 999, 1000, 999_499, 999_500, 4_200_000, 104_857_600].map(fileSize)).toEqual([
      "1 byte",
      "999 bytes",
      "1 KB",
      "999 KB",
      "1.0 MB",
      "4.2 MB",
      "105 MB",
    ]);
  });
});
