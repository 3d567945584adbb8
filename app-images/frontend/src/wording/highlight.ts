export interface Part {
  text: string;
  hit: boolean;
}

const SHORTEST_WORD = 3;
// Words of questions that are in every passage; what is left is what was asked about.
const EVERYWHERE = new Set(
  (
    "about after and any are been before but can did does for from has have how into its may not one our should " +
    "such than that the their them then there these they this was were what when where which who why will with you"
  ).split(" "),
);

/** Cuts a snippet where it has words of the query, so that the eye finds why it was found. */
export function highlight(snippet: string, query: string): Part[] {
  const words = (query.match(/[\p{L}\p{N}]+/gu) ?? []).filter(
    (word) => word.length >= SHORTEST_WORD && !EVERYWHERE.has(word.toLowerCase()),
  );
  if (words.length === 0) return [{ text: snippet, hit: false }];
  // Letters and digits only, so nothing in it has a meaning in a pattern. A word also marks its longer forms.
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])((?:${words.join("|")})[\\p{L}\\p{N}]*)`, "giu");
  return snippet
    .split(pattern)
    .map((text, index) => ({ text, hit: index % 2 === 1 }))
    .filter((part) => part.text !== "");
}
