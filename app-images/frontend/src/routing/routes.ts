/**
 * Addresses of the pages, in the part after `#`: it never reaches a server or its logs.
 *
 * What people search for is in no address at all, so that it isn't in the browser's history either.
 */
export type Route =
  | { page: "library" }
  | { page: "search" }
  | { page: "chapters" }
  | { page: "chapter"; id: string }
  | { page: "document"; id: string; pdfPage: number }
  | { page: "unknown" };

export function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#?\/?/, "").split("/").filter((part) => part !== "").map(decode);
  const [first, second, third, fourth] = parts;
  if (first === undefined) return { page: "library" };
  if (first === "search" && parts.length === 1) return { page: "search" };
  if (first === "chapters" && parts.length === 1) return { page: "chapters" };
  if (first === "chapters" && second !== undefined && parts.length === 2) return { page: "chapter", id: second };
  if (first === "documents" && second !== undefined && third === "page" && parts.length === 4) {
    const pdfPage = Number(fourth);
    if (Number.isInteger(pdfPage) && pdfPage >= 1) return { page: "document", id: second, pdfPage };
  }
  return { page: "unknown" };
}

export function href(route: Exclude<Route, { page: "unknown" }>): string {
  switch (route.page) {
    case "library":
      return "#/";
    case "search":
      return "#/search";
    case "chapters":
      return "#/chapters";
    case "chapter":
      return `#/chapters/${encodeURIComponent(route.id)}`;
    case "document":
      return `#/documents/${encodeURIComponent(route.id)}/page/${route.pdfPage}`;
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % typed by hand: no page has such an address, which is then said
  }
}
