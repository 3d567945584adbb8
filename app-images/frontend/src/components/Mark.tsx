/** The sign beside the name: two neurons and the path between them. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect className="mark-ground" width="32" height="32" rx="8" />
      <path className="mark-path" d="M9.5 23V9.5l13 13.5V9.5" />
      <circle className="mark-from" cx="9.5" cy="23" r="2.6" />
      <circle className="mark-to" cx="22.5" cy="9.5" r="2.6" />
    </svg>
  );
}
