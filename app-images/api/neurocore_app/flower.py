"""Flower, with the whole of its configuration (login included) from one secret file. ``python -m neurocore_app.flower``."""

from __future__ import annotations

import sys

from neurocore_app import logs, queue
from neurocore_app.settings import SettingsError, settings

EX_CONFIG = 78
PORT = 5555
# Workers that were rolled away leave the list after these seconds.
PURGE_OFFLINE_S = 300


def main() -> int:
    """Serve until SIGTERM."""
    try:
        config = settings()
        config.secret("flowerconfig.py")
        app = queue.celery()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    logs.configure(config.log_level, service="flower")
    app.start(
        [
            "--quiet",
            "flower",
            f"--conf={config.secrets_dir / 'flowerconfig.py'}",
            f"--purge_offline_workers={PURGE_OFFLINE_S}",
        ]
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
