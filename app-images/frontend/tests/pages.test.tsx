import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiClient } from "../src/api/client";
import type { LibraryDocument, SystemStatus } from "../src/api/types";
import { App } from "../src/App";
import { ServicesContext } from "../src/services";
import { Session } from "../src/session/session";

/** Answers by method and path; what isn't named is a 404 in the API's envelope. */
let answers: Record<string, () => Response>;

const STATUS: SystemStatus = {
  version: "9.9",
  ai_external: false,
  registration: "open",
  max_upload_mb: 1,
  max_pages: 2000,
  embedding: { provider: "built-in", model: "m", dimensions: 256 },
};

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const refusal = (status: number, code: string, requestId: string) =>
  json({ error: { code, message: "" }, request_id: requestId }, status);

function open(hash: string, token: string | null = "t-1") {
  window.location.hash = hash;
  if (token !== null) window.sessionStorage.setItem("neurocore.token", token);
  const session = new Session(window.sessionStorage);
  const api = new ApiClient(session);
  render(
    <ServicesContext.Provider value={{ api, session }}>
      <App />
    </ServicesContext.Provider>,
  );
}

beforeEach(() => {
  window.sessionStorage.clear();
  vi.stubGlobal("scrollTo", vi.fn());
  answers = {
    "GET /api/status": () =>
      json(STATUS),
    "GET /api/auth/me": () => json({ id: "u-1", email: "lin@house.example", name: "Dr. Lin" }),
    "GET /api/documents": () => json({ items: [], total: 0 }),
    "GET /api/chapters": () => json({ items: [], total: 0 }),
  };
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    const answer = answers[`${init.method} ${path.split("?")[0]}`];
    return Promise.resolve(answer === undefined ? refusal(404, "not_found", "r-404") : answer());
  });
});

afterEach(cleanup);

it("says what to do in an empty library, and that no text leaves the house", async () => {
  open("#/");
  await screen.findByRole("heading", { name: "The library is empty" });
  await screen.findByText(/^No text leaves this house/);
  expect(screen.getByText("Version 9.9")).toBeDefined();
});

it("goes back to the log-in with a sentence when the session has ended", async () => {
  answers["GET /api/documents"] = () => refusal(401, "unauthenticated", "r-1");
  open("#/");
  await screen.findByRole("heading", { name: "Log in" });
  expect(screen.getByText(/^Your session has ended/)).toBeDefined();
});

it("shows the reason of a failed document, and its request id when the list cannot be had", async () => {
  let broken = true;
  const document: LibraryDocument = {
    id: "d-1",
    sha256: "0",
    filename: "scan.pdf",
    size_bytes: 10,
    state: "failed",
    pages: null,
    chunks: 0,
    error: { code: "no_text", message: "" },
    mine: false,
    created_at: "2025-11-24T12:00:00Z",
  };
  answers["GET /api/documents"] = () =>
    broken ? refusal(500, "internal", "r-2") : json({ items: [document], total: 1 });
  open("#/");
  await screen.findByText("r-2");
  broken = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText(/^No text was found in it/);
  expect(screen.queryByRole("alert")).toBeNull();
  // A colleague's: only who uploaded it may delete it.
  expect(screen.queryByRole("button", { name: "Delete scan.pdf" })).toBeNull();
});

it("refuses a file that is too large before it is sent", async () => {
  open("#/");
  await screen.findByText(/^Up to 1 MiB and 2,000 pages each/);
  const large = new File([new Uint8Array(1024 * 1024 + 1)], "atlas.pdf");
  fireEvent.change(screen.getByLabelText("PDF files to upload"), { target: { files: [large] } });
  expect((await screen.findByRole("alert")).textContent).toContain("larger than 1 MiB. Split it");
});

it("takes files that are dropped, and lets none dropped beside it open in place of the page", async () => {
  open("#/");
  const area = await screen.findByText(/^Up to 1 MiB/);
  const large = new File([new Uint8Array(1024 * 1024 + 1)], "dropped.pdf");
  fireEvent.drop(area, { dataTransfer: { files: [large] } });
  await screen.findByText("dropped.pdf");
  // fireEvent answers false when the page kept the browser from its default.
  expect(fireEvent.drop(document.body)).toBe(false);
});

it("keeps a search in memory only: in no address and no storage", async () => {
  answers["GET /api/search"] = () =>
    json({
      query: "drain",
      took_ms: 3,
      results: [
        { document_id: "d-1", filename: "drains.pdf", page: 7, snippet: "A drain stays in.", score: 1, chunk_id: 4 },
      ],
    });
  open("#/search");
  fireEvent.change(await screen.findByLabelText("What are you looking for?"), { target: { value: "drain" } });
  fireEvent.click(screen.getByRole("button", { name: "Search" }));
  const link = await screen.findByRole("link", { name: /^drains\.pdf ?, page 7$/ });
  expect(link.getAttribute("href")).toBe("#/documents/d-1/page/7");
  expect(window.location.href).not.toContain("drain");
  expect(JSON.stringify({ ...window.sessionStorage, ...window.localStorage })).not.toContain("drain");
});

it("leads from a number in a chapter to the quoted source, and back", async () => {
  answers["GET /api/chapters/c-1"] = () =>
    json({
      id: "c-1",
      topic: "drains",
      title: "Drains",
      created_at: "2025-11-24T12:00:00Z",
      sections: [{ heading: "Duration", paragraphs: [{ text: "Leave it for 48 hours.", citations: [1] }] }],
      citations: [{ n: 1, document_id: "d-1", filename: "drains.pdf", page: 7, quote: "for 48 hours" }],
    });
  Element.prototype.scrollIntoView = vi.fn(); // jsdom lays nothing out
  open("#/chapters/c-1");
  const number = await screen.findByRole("button", { name: "Source 1" });
  fireEvent.click(number);
  expect(document.activeElement?.textContent).toContain("for 48 hours");
  expect(screen.getByRole("link", { name: /^drains\.pdf ?, page 7$/ })).toBeDefined();
  fireEvent.click(screen.getByRole("button", { name: "Back to the text" }));
  expect(document.activeElement).toBe(number);
});

it("offers no account where the operators make them", async () => {
  answers["GET /api/status"] = () =>
    json({ ...STATUS, registration: "closed" });
  open("#/", null);
  await screen.findByText("Accounts are made by the operators of this system.");
  await waitFor(() => expect(screen.queryByRole("button", { name: "Create an account" })).toBeNull());
});
