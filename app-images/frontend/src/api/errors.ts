/** The one error the pages handle: whatever went wrong between the browser and the API. */
export class ApiError extends Error {
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  /** The API's code, or one of ours: network, aborted, bad_answer, http_<status>. */
  readonly code: string;
  /** Names the request in the server's logs; null when no answer came. */
  readonly requestId: string | null;

  constructor(details: { status: number; code: string; message: string; requestId: string | null }) {
    super(details.message);
    this.name = "ApiError";
    this.status = details.status;
    this.code = details.code;
    this.requestId = details.requestId;
  }
}

/** The browser got no answer at all: cable, VPN, or a server that is down. */
export function noAnswer(): ApiError {
  return new ApiError({ status: 0, code: "network", message: "No answer from the server.", requestId: null });
}

/**
 * The error an answer carries.
 *
 * A proxy in between answers in HTML and knows nothing of the API's envelope, so everything in it is optional.
 */
export function errorFromAnswer(status: number, body: string, requestIdHeader: string | null): ApiError {
  const envelope = parseEnvelope(body);
  return new ApiError({
    status,
    code: envelope?.code ?? `http_${status}`,
    message: envelope?.message ?? "",
    requestId: envelope?.requestId ?? requestIdHeader,
  });
}

interface Envelope {
  code: string | null;
  message: string | null;
  requestId: string | null;
}

function parseEnvelope(body: string): Envelope | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null; // not the API's answer; the status alone has to do
  }
  if (!isRecord(parsed)) return null;
  const error = isRecord(parsed["error"]) ? parsed["error"] : {};
  return {
    code: textOrNull(error["code"]),
    message: textOrNull(error["message"]),
    requestId: textOrNull(parsed["request_id"]),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
