"""Health has three meanings.

- live: this process answers. It asks nobody.
- started: the self-test passed once in this process: database and its revision, Redis, storage, embedding, a search.
  The gate of a roll-out: an instance that can't do its work never gets any.
- ready: it serves now: not draining, and Postgres (with a schema it can use) answers. Redis isn't asked: without it,
  reading, searching, writing chapters and uploading work, and only the reading of new uploads waits. Were it asked, a
  restart of Redis would take all instances out at once and turn a delay into an outage.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import anyio.to_thread
import psycopg
import structlog

from neurocore_app import db, schema, search
from neurocore_app.embedding import embedder
from neurocore_app.logs import describe
from neurocore_app.redis_client import client
from neurocore_app.settings import SettingsError, settings
from neurocore_app.storage import Storage

# A verdict is good for this long, so that many checkers cost one query.
READY_CACHE_S = 0.5
# A database that takes longer to say "1" doesn't serve.
READY_TIMEOUT_S = 1.5
STARTED_PAUSE_S = 0.5

log = structlog.get_logger(__name__)


class NotHealthyError(Exception):
    """A part doesn't work; the message names it and may be shown to anybody (no secrets, no values)."""


class Database:
    """Asks Postgres for the schema's revision over a connection of its own, so that a busy pool isn't an ill database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def check(self) -> None:
        """Raises NotHealthyError; blocks for no longer than its time-outs."""
        with self._lock:
            try:
                row = self._ask()
            except psycopg.Error as error:
                self._close()
                raise NotHealthyError(f"database: {describe(error)}") from error
        problem = schema.incompatibility(schema.DatabaseRevision(*row) if row else None)
        if problem:
            raise NotHealthyError(f"database: {problem}")

    def _ask(self) -> tuple[str, str | None] | None:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        try:
            return self._query(self._connection)
        except psycopg.OperationalError:
            # The server was restarted since: one fresh connection decides.
            self._close()
            self._connection = self._connect()
            return self._query(self._connection)

    def _query(self, connection: psycopg.Connection) -> tuple[str, str | None] | None:
        try:
            return connection.execute(schema.REVISION_QUERY).fetchone()
        except psycopg.errors.UndefinedTable:
            return None

    def _connect(self) -> psycopg.Connection:
        config = settings()
        url = db.url(config)
        arguments = db.connect_arguments("health", statement_timeout_s=READY_TIMEOUT_S)
        return psycopg.connect(
            host=url.host,
            port=url.port,
            dbname=url.database,
            user=url.username,
            password=url.password,
            autocommit=True,
            **arguments,  # type: ignore[arg-type]
        )

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Readiness:
    """The verdict on "ready", one query for many who ask; made for one event loop."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._limiter: anyio.CapacityLimiter | None = None
        self._running: asyncio.Task[str | None] | None = None
        self._verdict: str | None = "not checked yet"
        self._until = 0.0

    async def problem(self) -> str | None:
        """Why this instance can't serve, or None; answers within READY_TIMEOUT_S even when the database hangs."""
        if time.monotonic() < self._until:
            return self._verdict
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._ask())
        done, _ = await asyncio.wait({self._running}, timeout=READY_TIMEOUT_S)
        return self._running.result() if done else f"database: no answer within {READY_TIMEOUT_S} s"

    async def _ask(self) -> str | None:
        # A thread of its own: requests that wait for the database must not keep its health check waiting.
        self._limiter = self._limiter or anyio.CapacityLimiter(1)
        try:
            await anyio.to_thread.run_sync(self._check, limiter=self._limiter)
            verdict = None
        except (NotHealthyError, SettingsError) as error:
            verdict = str(error)
        if verdict != self._verdict:
            log.log(30 if verdict else 20, "readiness changed", ready=verdict is None, problem=verdict)
        self._verdict, self._until = verdict, time.monotonic() + READY_CACHE_S
        return verdict


class SelfTest:
    """The verdict on "started": once passed, always passed; while not, at most one try each STARTED_PAUSE_S."""

    def __init__(self, checks: dict[str, Callable[[], None]]) -> None:
        self._checks = checks
        self._lock = threading.Lock()
        self._passed = False
        self._problems: list[str] = ["not tried yet"]
        self._again_at = 0.0

    def problems(self) -> list[str]:
        """What failed the last time; empty once all passed."""
        if self._passed:
            return []
        with self._lock:
            if not self._passed and time.monotonic() >= self._again_at:
                self._problems = [problem for problem in map(self._run, self._checks) if problem]
                self._passed = not self._problems
                self._again_at = time.monotonic() + STARTED_PAUSE_S
                if self._passed:
                    log.info("self-test passed")
                else:
                    log.warning("self-test failed", problems="; ".join(self._problems))
            return [] if self._passed else self._problems

    def _run(self, name: str) -> str | None:
        try:
            self._checks[name]()
        except NotHealthyError as error:
            return str(error)
        except SettingsError as error:
            return f"{name}: {error}"
        except Exception as error:
            return f"{name}: {describe(error)}"
        return None


def self_test(database: Database) -> SelfTest:
    """The self-test of the API and of the worker."""
    return SelfTest(
        {
            "database": database.check,
            "redis": _check_redis,
            "storage": lambda: Storage(settings().data_dir / "pdfs").check_writable(),
            "embedding": _check_embedding,
            "search": _check_search,
        }
    )


def _check_redis() -> None:
    client().ping()


def _check_embedding() -> None:
    near, other, far = embedder().embed(
        ["chronic subdural haematoma", "evacuation of a subdural haematoma", "an invoice for office chairs"]
    )
    if not near @ other > near @ far:
        raise NotHealthyError("embedding: the model finds an invoice closer to a haematoma than its evacuation")


def _check_search() -> None:
    with db.transaction() as session:
        search.find(session, embedder(), "vasospasm", limit=1)
