"""The files by which the processes of one container tell each other how they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """Below the run directory (NEUROCORE_RUN_DIR), which lives in memory. bin/neurocore reads the worker's two."""

    run_dir: Path

    @property
    def api_heartbeat(self) -> Path:
        """Touched by the API server's main loop."""
        return self.run_dir / "api.heartbeat"

    @property
    def worker_heartbeat(self) -> Path:
        """Touched while the worker's main loop turns."""
        return self.run_dir / "worker.heartbeat"

    @property
    def worker_started(self) -> Path:
        """Exists once the worker's self-test has passed."""
        return self.run_dir / "worker.started"

    @property
    def draining(self) -> Path:
        """Exists from SIGTERM on: the API isn't ready any more."""
        return self.run_dir / "draining"

    @property
    def metrics(self) -> Path:
        """Counters shared by the API's processes."""
        return self.run_dir / "metrics"
