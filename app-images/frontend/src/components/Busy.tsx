/** Something is on its way; shown only after a moment, so that quick answers don't flicker. */
export function Busy({ children }: { children: string }) {
  return (
    <p className="busy" role="status">
      <span className="spinner" aria-hidden="true" />
      {children}
    </p>
  );
}
