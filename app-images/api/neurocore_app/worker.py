"""The worker: Celery with one queue, the sweeper, and a pulse. ``python -m neurocore_app.worker``, below the supervisor."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import redis
import structlog
from celery.signals import setup_logging

from neurocore_app import health, logs, pulse, queue, sweeper, tasks
from neurocore_app.embedding import embedder
from neurocore_app.health_files import Files
from neurocore_app.redis_client import client
from neurocore_app.settings import SettingsError, settings

EX_CONFIG = 78
SELF_TEST_EVERY_S = 1.0

log = structlog.get_logger(__name__)


def _redis_answers() -> bool:
    try:
        return bool(client().ping())
    except redis.RedisError:
        return False


def _test_self(passed: Path, beat: pulse.Pulse, stop: threading.Event) -> None:
    test = health.self_test(health.Database())
    while not stop.is_set():
        if beat.wait_connected(SELF_TEST_EVERY_S) and not test.problems():
            passed.touch()
            return
        stop.wait(SELF_TEST_EVERY_S)


def main() -> int:
    """Work until SIGTERM (the document in hand is finished)."""
    try:
        config = settings()
        config.require("database_host", "redis_host")
        for secret in ("database_password", "redis_password"):
            config.secret(secret)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    logs.configure(config.log_level, service="worker")
    setup_logging.connect(lambda **_: None, weak=False)
    config.run_dir.mkdir(parents=True, exist_ok=True)
    files = Files(config.run_dir)
    files.worker_started.unlink(missing_ok=True)
    embedder()

    app = queue.celery()
    tasks.register(app)
    beat = pulse.Pulse(files.worker_heartbeat, _redis_answers)
    app.steps["consumer"].add(pulse.step(beat))
    stop = threading.Event()
    for name, target, arguments in (
        ("pulse", beat.run, (stop,)),
        ("self-test", _test_self, (files.worker_started, beat, stop)),
        ("sweeper", sweeper.run, (stop,)),
    ):
        threading.Thread(target=target, args=arguments, name=name, daemon=True).start()
    app.worker_main(
        [
            "--quiet",
            "worker",
            "--queues",
            queue.QUEUE,
            "--concurrency",
            str(config.worker_concurrency),
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            config.log_level,
        ]
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
