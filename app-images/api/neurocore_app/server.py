"""The API's server: gunicorn's master with uvicorn workers, one event loop each.

``python -m neurocore_app.server``, below the supervisor. The application is loaded once, before the fork: starting
another process takes milliseconds and its memory is shared. A worker that hangs is killed by the master after
WORKER_TIMEOUT_S; a master that hangs is noticed by the supervisor, for its main loop touches the heartbeat.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import gunicorn.app.base
import gunicorn.arbiter
import gunicorn.glogging
from prometheus_client import multiprocess
from uvicorn_worker import UvicornWorker

from neurocore_app import logs
from neurocore_app.health_files import Files
from neurocore_app.settings import Settings, SettingsError, settings

PORT = 8000
# The event loop only passes things on (work is done in threads), so it is never silent for long.
WORKER_TIMEOUT_S = 8
# Longest request in flight after the drain: an upload over a slow line.
GRACEFUL_TIMEOUT_S = 25
# Longer than the edge keeps idle connections: the side that may send a request is the one that closes.
KEEP_ALIVE_S = 75
EX_CONFIG = 78


class Worker(UvicornWorker):
    """A uvicorn worker that says nothing itself: the application writes one access line a request."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
    }


class Logger(gunicorn.glogging.Logger):
    """gunicorn's log through ours."""

    def setup(self, cfg: Any) -> None:
        """Keep the loggers as they are; uvicorn's worker copies their handlers, so they get the root's."""
        import logging  # noqa: PLC0415

        for logger in (self.error_log, self.access_log):
            logger.handlers[:] = logging.getLogger().handlers
            logger.propagate = False
            # gunicorn's "info" is what it does at each start.
            logger.setLevel(max(logging.WARNING, logging.getLogger().level))


class Master(gunicorn.arbiter.Arbiter):
    """gunicorn's master with a heartbeat in its main loop, which turns about once a second."""

    heartbeat: Path

    def murder_workers(self) -> None:
        """Called in every turn of the loop."""
        self.heartbeat.touch()
        super().murder_workers()


class Server(gunicorn.app.base.BaseApplication):
    """gunicorn with our settings."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        super().__init__()

    def load_config(self) -> None:
        """See gunicorn's documentation for each."""
        for key, value in {
            "bind": f"0.0.0.0:{PORT}",
            "workers": self._config.api_processes,
            "worker_class": Worker,
            "worker_tmp_dir": str(self._config.run_dir),
            "logger_class": Logger,
            "preload_app": True,
            "timeout": WORKER_TIMEOUT_S,
            "graceful_timeout": GRACEFUL_TIMEOUT_S,
            "keepalive": KEEP_ALIVE_S,
            "umask": 0o027,
            "control_socket_disable": True,
            "child_exit": lambda _server, worker: multiprocess.mark_process_dead(worker.pid),
        }.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        """The ASGI application, with everything that is slow to load."""
        from neurocore_app.api.app import create_app  # noqa: PLC0415 - after the environment is set
        from neurocore_app.embedding import embedder  # noqa: PLC0415

        app = create_app(self._config)
        embedder()
        # What is loaded by now is never garbage: keeps its pages shared after the fork.
        gc.collect()
        gc.freeze()
        return app

    def run(self) -> None:
        """Run our master."""
        master = Master(self)
        master.heartbeat = Files(self._config.run_dir).api_heartbeat
        master.run()


def main() -> int:
    """Prepare the run directory and serve."""
    try:
        config = settings()
        config.require("database_host", "redis_host")
        for secret in ("database_password", "redis_password", "jwt_secret"):
            config.secret(secret)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    logs.configure(config.log_level, service="api")
    metrics = Files(config.run_dir).metrics
    # Of the container's previous life: its counters began with it.
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    Server(config).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
