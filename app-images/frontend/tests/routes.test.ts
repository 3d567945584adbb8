import { describe, expect, it } from "vitest";
import { href, parseRoute, type Route } from "../src/routing/routes";

const ROUTES: Exclude<Route, { page: "unknown" }>[] = [
  { page: "library" },
  { page: "search" },
  { page: "chapters" },
  { page: "chapter", id: "c-1" },
  { page: "document", id: "a/b c%", pdfPage: 7 },
];

describe("addresses", () => {
  it.each(ROUTES)("lead back to the page they were made for: $page", (route) => {
    expect(parseRoute(href(route))).toEqual(route);
  });

  it.each(["", "#", "#/"])("%j is the library", (hash) => {
    expect(parseRoute(hash)).toEqual({ page: "library" });
  });

  it.each(["#/nowhere", "#/documents/d-1", "#/documents/d-1/page/0", "#/documents/d-1/page/x", "#/search/more", "#/%"])(
    "%s is said to be unknown",
    (hash) => {
      expect(parseRoute(hash)).toEqual({ page: "unknown" });
    },
  );
});
