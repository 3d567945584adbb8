import { wordError } from "../wording/errors";

/** What went wrong, what to do, and the number that finds it in the server's logs. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { sentence, requestId } = wordError(error);
  return (
    <div className="notice notice-bad" role="alert">
      <p>{sentence}</p>
      {requestId !== null && (
        <p className="request-id">
          Request <code>{requestId}</code>
        </p>
      )}
      {onRetry !== undefined && (
        <button type="button" className="button button-quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
