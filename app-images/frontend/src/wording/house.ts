import type { SystemStatus } from "../api/types";

/** Whether what people upload and ask stays on the operators' own servers. */
export function wordHouse(status: SystemStatus): string {
  if (!status.ai_external) {
    return "No text leaves this house: documents and questions are worked on by its own servers only.";
  }
  return `Text leaves this house: passages and questions are sent to an external AI service (${status.embedding.provider}). Enter nothing that identifies a patient.`;
}
