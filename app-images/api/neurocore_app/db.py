"""Connections to Postgres: a pool for each process, made after the fork, that survives restarts of the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import sqlalchemy
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from neurocore_app.settings import Settings, settings

# A dead server is noticed after these seconds; a restarted one is found again by the next request.
CONNECT_TIMEOUT_S = 3
TCP_TIMEOUT_S = 8
POOL_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 15
LOCK_TIMEOUT_S = 5


def url(config: Settings) -> URL:
    """The database's address with the password from its secret file; raises SettingsError."""
    config.require("database_host")
    return URL.create(
        "postgresql+psycopg",
        username=config.database_user,
        password=config.secret("database_password"),
        host=config.database_host,
        port=config.database_port,
        database=config.database_name,
    )


def connect_arguments(
    application: str, *, statement_timeout_s: float, lock_timeout_s: float = LOCK_TIMEOUT_S
) -> dict[str, object]:
    """libpq's parameters: nothing waits for ever, neither on the network nor on the server."""
    options = (
        f"-c statement_timeout={int(statement_timeout_s * 1000)} -c lock_timeout={int(lock_timeout_s * 1000)} "
        "-c idle_in_transaction_session_timeout=60000"
    )
    return {
        "application_name": f"neurocore-{application}",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": TCP_TIMEOUT_S * 1000,
        "options": options,
    }


@lru_cache(maxsize=1)
def engine() -> Engine:
    """This process's pool. Never call it before a fork: two processes must not share a connection."""
    config = settings()
    return create_engine(
        url(config),
        pool_size=config.database_pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        pool_recycle=1800,
        # Values in error messages could be text of documents and queries.
        hide_parameters=True,
        connect_args=connect_arguments("app", statement_timeout_s=STATEMENT_TIMEOUT_S),
    )


@contextmanager
def transaction() -> Iterator[Session]:
    """A session in one transaction: committed at the end, rolled back on any exception."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


def is_unavailable(error: BaseException) -> bool:
    """Whether an exception means "the database cannot serve now" and not "we asked it something wrong"."""
    if isinstance(error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError | sqlalchemy.exc.TimeoutError):
        return True
    return isinstance(error, sqlalchemy.exc.DBAPIError) and error.connection_invalidated
