"""Who reads which document, and until when. All times are the database's: no worker's clock matters."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from neurocore_app import db
from neurocore_app.models import FAILED, PROCESSING, QUEUED, READY, Chunk, Document

# A worker that died gives its document back after at most LEASE_S; a living one renews three times in that time.
LEASE_S = 30
RENEW_EVERY_S = 10
# Times a document may be begun: one that kills its reader each time must not go round for ever.
MAX_ATTEMPTS = 5
# Rows of one INSERT: keeps a statement well below its time-out while the HNSW index grows.
INSERT_ROWS = 200

log = structlog.get_logger(__name__)


class LeaseLostError(Exception):
    """Somebody else has the document now, or it was deleted: what was done for it is void."""


@dataclass
class Lease:
    """The right to read a document, held by ``owner``."""

    document_id: uuid.UUID
    owner: str
    sha256: str
    attempt: int
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raises LeaseLostError once the lease is known to be lost."""
        if self.lost.is_set():
            raise LeaseLostError


def claim(document_id: uuid.UUID, owner: str) -> Lease | None:
    """Take a waiting document, or one whose reader died; None when there is nothing to do.

    The attempt is counted, and committed, before anything is read.
    """
    due = (Document.state == QUEUED) | ((Document.state == PROCESSING) & (Document.lease_expires_at < func.now()))
    statement = (
        update(Document)
        .where(Document.id == document_id, due, Document.attempts < MAX_ATTEMPTS)
        .values(
            state=PROCESSING,
            lease_owner=owner,
            lease_expires_at=_expiry(),
            attempts=Document.attempts + 1,
        )
        .returning(Document.sha256, Document.attempts)
    )
    with db.transaction() as session:
        row = session.execute(statement).one_or_none()
    return Lease(document_id, owner, row.sha256, row.attempts) if row else None


@contextmanager
def renewed(lease: Lease) -> Iterator[Lease]:
    """Keep the lease while the block runs; sets ``lease.lost`` when somebody else took it."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_EVERY_S):
            try:
                with db.transaction() as session:
                    statement = update(Document).where(*_held(lease)).values(lease_expires_at=_expiry())
                    if session.execute(statement).rowcount == 0:
                        lease.lost.set()
                        return
            except Exception as error:
                if not db.is_unavailable(error):
                    lease.lost.set()
                    raise
                if not _is_locked(error):
                    log.warning("lease not renewed, trying again", document_id=str(lease.document_id), exc_info=error)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        done.set()
        thread.join()


def finish(lease: Lease, chunks: Sequence[dict[str, Any]], *, pages: int, model: str) -> None:
    """Replace the document's passages and call it ready, all or nothing; raises LeaseLostError."""
    with db.transaction() as session:
        _lock(session, lease)
        session.execute(delete(Chunk).where(Chunk.document_id == lease.document_id))
        for start in range(0, len(chunks), INSERT_ROWS):
            session.execute(insert(Chunk), list(chunks[start : start + INSERT_ROWS]))
        _end(session, lease, state=READY, pages=pages, chunk_count=len(chunks), embedding_model=model)


def fail(lease: Lease, *, code: str, message: str) -> None:
    """Call the document failed, for a reason that another attempt wouldn't change; raises LeaseLostError."""
    with db.transaction() as session:
        _lock(session, lease)
        session.execute(delete(Chunk).where(Chunk.document_id == lease.document_id))
        _end(session, lease, state=FAILED, error_code=code, error_message=message, chunk_count=0)


def give_back(lease: Lease) -> None:
    """Let somebody (us, too) try again; raises LeaseLostError."""
    with db.transaction() as session:
        _lock(session, lease)
        statement = update(Document).where(Document.id == lease.document_id)
        session.execute(statement.values(state=QUEUED, lease_owner=None, lease_expires_at=None))


def _expiry() -> Any:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, LEASE_S)


def _held(lease: Lease) -> tuple[Any, ...]:
    return (
        Document.id == lease.document_id,
        Document.state == PROCESSING,
        Document.lease_owner == lease.owner,
        Document.attempts == lease.attempt,
    )


def _is_locked(error: Exception) -> bool:
    """Whether the row was in somebody's hands: our own, while the result is being stored."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == "55P03"


def _lock(session: Session, lease: Lease) -> None:
    if session.scalar(select(Document.id).where(*_held(lease)).with_for_update()) is None:
        raise LeaseLostError


def _end(session: Session, lease: Lease, **values: Any) -> None:
    statement = update(Document).where(Document.id == lease.document_id)
    session.execute(
        statement.values(
            **{"error_code": None, "error_message": None, **values},
            lease_owner=None,
            lease_expires_at=None,
            finished_at=func.now(),
        )
    )
