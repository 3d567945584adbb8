"""Which revisions of the database this release can serve on.

Revisions are numbers ("0001", "0002", ...), one migration file each. A release knows the newest of its own files. It
serves on exactly that revision, or on a newer one whose row in ``schema_compatibility`` says that this one still
works there: so a migration takes nobody down, and the previous release can come back after one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MIGRATIONS = Path(__file__).parent.parent / "migrations"

# One round trip: the revision, and how far back it is compatible (NULL for one that nobody marked).
REVISION_QUERY = """
SELECT alembic_version.version_num, schema_compatibility.oldest_compatible
FROM alembic_version LEFT JOIN schema_compatibility ON schema_compatibility.revision = alembic_version.version_num
"""


@dataclass(frozen=True)
class DatabaseRevision:
    """The database's revision and the oldest release's revision that works on it."""

    revision: str
    oldest_compatible: str | None


@lru_cache(maxsize=1)
def known_revision() -> str:
    """The newest revision that this release brings along."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def incompatibility(database: DatabaseRevision | None, known: str | None = None) -> str | None:
    """Why this release can't serve on the database, as a sentence; None when it can."""
    known = known or known_revision()
    if database is None:
        return f"The database has no schema yet, this release needs revision {known}: run `neurocore migrate`"
    if database.revision == known:
        return None
    if database.revision < known:
        return (
            f"The database is at revision {database.revision}, this release needs {known}: run `neurocore migrate` "
            "of this release"
        )
    if database.oldest_compatible is not None and database.oldest_compatible <= known:
        return None
    return (
        f"The database is at revision {database.revision}, which works with releases of revision "
        f"{database.oldest_compatible or database.revision} and later; this release knows {known} only: run a newer release, "
        "or restore the database to a moment before that migration"
    )
