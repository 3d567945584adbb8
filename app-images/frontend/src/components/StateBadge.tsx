import type { StateWording } from "../wording/documents";

export function StateBadge({ wording }: { wording: StateWording }) {
  return <span className={`badge badge-${wording.tone}`}>{wording.label}</span>;
}
