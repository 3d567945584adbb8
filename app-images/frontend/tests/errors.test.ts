import { describe, expect, it } from "vitest";
import { ApiError, errorFromAnswer, noAnswer } from "../src/api/errors";
import { isStopped, wordError } from "../src/wording/errors";

describe("errorFromAnswer", () => {
  it("reads code, message and request id from the API's envelope", () => {
    const body = '{"error":{"code":"not_a_pdf","message":"No %PDF-."},"request_id":"r-1"}';
    expect(errorFromAnswer(415, body, "from-header")).toMatchObject({
      status: 415,
      code: "not_a_pdf",
      message: "No %PDF-.",
      requestId: "r-1",
    });
  });

  it.each([
    ["a proxy's page", "<html>502 Bad Gateway</html>"],
    ["nothing", ""],
    ["another JSON", '["surprise"]'],
    ["another envelope", '{"error":"a word","request_id":7}'],
  ])("makes do with the status and the header when it got %s", (_what, body) => {
    expect(errorFromAnswer(502, body, "r-2")).toMatchObject({ status: 502, code: "http_502", requestId: "r-2" });
  });
});

describe("wordError", () => {
  const answer = (status: number, code: string, message = "") =>
    wordError(new ApiError({ status, code, message, requestId: "r-3" })).sentence;

  it("says what to do about what the API is known to refuse", () => {
    expect(answer(401, "wrong_credentials")).toBe("The e-mail address or the password is wrong.");
    expect(answer(409, "email_taken")).toContain("Log in instead");
    expect(answer(415, "not_a_pdf")).toContain("Only PDF files");
    expect(answer(422, "nothing_found")).toContain("Try other words");
  });

  it("keeps the limit that only the server knows", () => {
    expect(answer(413, "too_large", "At most 100 MB are taken.")).toBe(
      "At most 100 MB are taken. Split it and upload the parts.",
    );
  });

  it("never shows what a server that broke down had to say", () => {
    const sentence = answer(500, "internal", "KeyError: 'patient'");
    expect(sentence).not.toContain("KeyError");
    expect(sentence).toContain("request number");
  });

  it("calls an update an update", () => {
    expect(answer(503, "http_503")).toContain("starting or being updated");
  });

  it("says how long to wait after too many wrong passwords, and makes do without", () => {
    expect(answer(429, "too_many_attempts", "Wait 5 minutes.")).toBe("Wait 5 minutes.");
    expect(answer(429, "http_429")).toContain("Wait a minute");
  });

  it("passes on what it does not know", () => {
    expect(answer(422, "invalid", "The password has fewer than 10 characters.")).toBe(
      "The password has fewer than 10 characters.",
    );
    expect(answer(418, "http_418")).toBe("The server refused this (status 418).");
  });

  it("has the request number ready for the operators, if there was a request", () => {
    expect(wordError(new ApiError({ status: 500, code: "internal", message: "", requestId: "r-4" })).requestId).toBe("r-4");
    expect(wordError(noAnswer()).requestId).toBeNull();
    expect(wordError(noAnswer()).sentence).toContain("network connection");
  });

  it("does not pass a fault of the page off as the server's", () => {
    expect(wordError(new TypeError("x is undefined")).sentence).toBe("This page failed. Reload it and try again.");
  });
});

it("tells a person's own stop from a failure", () => {
  expect(isStopped(new ApiError({ status: 0, code: "aborted", message: "", requestId: null }))).toBe(true);
  expect(isStopped(noAnswer())).toBe(false);
});
