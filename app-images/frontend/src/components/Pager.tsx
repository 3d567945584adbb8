interface Props {
  offset: number;
  size: number;
  total: number;
  onOffset: (offset: number) => void;
}

/** Steps through a list that is longer than one page of it. */
export function Pager({ offset, size, total, onOffset }: Props) {
  if (total <= size) return null;
  return (
    <nav className="pager" aria-label="Pages of the list">
      <button type="button" className="button" disabled={offset === 0} onClick={() => onOffset(Math.max(0, offset - size))}>
        Newer
      </button>
      <span className="meta">
        {offset + 1} to {Math.min(offset + size, total)} of {total.toLocaleString("en")}
      </span>
      <button type="button" className="button" disabled={offset + size >= total} onClick={() => onOffset(offset + size)}>
        Older
      </button>
    </nav>
  );
}
