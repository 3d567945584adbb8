"""``neurocore migrate``: bring the database to this release's revision, one migrator at a time."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from neurocore_app import db, schema
from neurocore_app.settings import Settings

# Any number, the same in all releases: what it protects is this database's schema.
MIGRATION_LOCK = 7_203_101
WAIT_FOR_SERVER_S = 30
WAIT_FOR_OTHER_MIGRATOR_S = 120
# A migration waits no longer than this for a table: behind a waiting ALTER every other query would queue up.
LOCK_TIMEOUT_S = 5
ATTEMPTS = 5
ROLE = "neurocore_app"


class MigrationError(Exception):
    """The schema can't be brought to this release's revision; the message says why and what to do."""


def migrate(config: Settings, report: Callable[[str], None]) -> None:
    """Upgrade, or do nothing when the database is already here or newer and compatible.

    Raises MigrationError (incompatible, locked, roles missing, unreachable) and SettingsError.
    """
    engine = create_engine(
        db.url(config),
        poolclass=sqlalchemy.pool.NullPool,
        connect_args=db.connect_arguments("migrate", statement_timeout_s=0, lock_timeout_s=WAIT_FOR_OTHER_MIGRATOR_S),
    )
    with _connect(engine, config) as connection:
        _lock(connection)
        database = current(connection)
        known = schema.known_revision()
        if database is not None and database.revision >= known:
            reason = schema.incompatibility(database, known)
            if reason:
                raise MigrationError(reason)
            ours = "" if database.revision == known else f" (this release knows {known}, which works there)"
            report(f"The database is at revision {database.revision}{ours}: nothing to do")
            return
        if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": ROLE}):
            raise MigrationError(f"The role {ROLE} does not exist: create it before the migration grants it its rights")
        connection.commit()
        _upgrade(connection, report)
        report(f"The database went from revision {database.revision if database else 'none'} to {known}")


def current(connection: Connection) -> schema.DatabaseRevision | None:
    """The database's revision; None before the first migration."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        connection.commit()
        return None
    row = connection.execute(text(schema.REVISION_QUERY)).one_or_none()
    connection.commit()
    return schema.DatabaseRevision(row[0], row[1]) if row else None


def _connect(engine: sqlalchemy.Engine, config: Settings) -> Connection:
    deadline = time.monotonic() + WAIT_FOR_SERVER_S
    while True:
        try:
            return engine.connect()
        except sqlalchemy.exc.OperationalError as error:
            if time.monotonic() >= deadline:
                raise MigrationError(
                    f"No connection to {config.database_host}:{config.database_port} as {config.database_user} within "
                    f"{WAIT_FOR_SERVER_S} s: {str(error.orig).strip()}"
                ) from error
            time.sleep(0.5)  # between two attempts


def _lock(connection: Connection) -> None:
    """Wait for other migrators; the lock ends with the connection."""
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    except sqlalchemy.exc.OperationalError as error:
        raise MigrationError(
            f"Another migration has been running for over {WAIT_FOR_OTHER_MIGRATOR_S} s: wait for it, or find it in "
            "pg_stat_activity as neurocore-migrate"
        ) from error
    connection.commit()


def _upgrade(connection: Connection, report: Callable[[str], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    config.attributes["connection"] = connection
    for attempt in range(1, ATTEMPTS + 1):
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        connection.commit()
        try:
            command.upgrade(config, "head")
        except sqlalchemy.exc.OperationalError as error:
            connection.rollback()
            if getattr(error.orig, "sqlstate", None) != "55P03" or attempt == ATTEMPTS:
                raise MigrationError(f"The migration failed and was rolled back: {str(error.orig).strip()}") from error
            report(f"A table is in use: attempt {attempt} of {ATTEMPTS} was rolled back, trying again")
            time.sleep(attempt)  # lets the queue behind us drain before the next attempt
        else:
            return
