import type { SystemStatus } from "../api/types";
import { wordHouse } from "../wording/house";

/** Whether text leaves the house, and which version this is; quiet until the server has said so. */
export function Footer({ status }: { status: SystemStatus | null }) {
  return (
    <footer className="footer">
      {status !== null && (
        <>
          <p className={status.ai_external ? "house house-leaves" : "house"}>
            <span className="house-dot" aria-hidden="true" />
            {wordHouse(status)}
          </p>
          <p className="version">Version {status.version}</p>
        </>
      )}
    </footer>
  );
}
