import { ApiError } from "../api/errors";
import type { SystemStatus } from "../api/types";
import { count } from "./numbers";

/** What the server takes at most; sizes in MiB. */
export type UploadLimits = Pick<SystemStatus, "max_upload_mb" | "max_pages">;

export function wordLimits({ max_upload_mb, max_pages }: UploadLimits): string {
  return `Up to ${max_upload_mb} MiB and ${count(max_pages, "page")} each. Their text can be searched as soon as it has been read.`;
}

/**
 * The refusal of a file that is larger than the server takes, or null.
 *
 * Said before it is sent: an answer in the middle of a long upload reaches some browsers as a broken connection.
 */
export function refuseTooLarge(size: number, limits: UploadLimits | null): ApiError | null {
  if (limits === null || size <= limits.max_upload_mb * 1024 * 1024) return null;
  const message = `The file is larger than ${limits.max_upload_mb} MiB.`;
  return new ApiError({ status: 413, code: "too_large", message, requestId: null });
}
