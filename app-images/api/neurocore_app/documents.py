"""Documents: taken in, listed, deleted."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from neurocore_app.models import FAILED, QUEUED, DeletedFile, Document
from neurocore_app.storage import Incoming, Storage


def add(
    session: Session, storage: Storage, arrived: Incoming, *, filename: str, uploaded_by: uuid.UUID
) -> tuple[Document, bool]:
    """Keep a received file and make its document; returns it and whether it is to be read now.

    The same content again gives the document that is there. One that failed for no fault of its own is tried again.
    The lock on the content keeps two uploads of it, and the collector of deleted files, out of each other's way.
    """
    lock_content(session, arrived.sha256)
    storage.keep(arrived)
    session.execute(delete(DeletedFile).where(DeletedFile.sha256 == arrived.sha256))
    existing = session.scalar(select(Document).where(Document.sha256 == arrived.sha256))
    if existing is None:
        document = session.scalars(
            insert(Document).returning(Document),
            [
                {
                    "sha256": arrived.sha256,
                    "filename": filename,
                    "size_bytes": arrived.size,
                    "uploaded_by": uploaded_by,
                }
            ],
        ).one()
        return document, True
    if existing.state == FAILED and existing.error_code == "internal":
        existing.state, existing.attempts = QUEUED, 0
        existing.error_code = existing.error_message = existing.finished_at = None
        existing.enqueued_at = func.now()
        session.flush()
        session.refresh(existing)
        return existing, True
    return existing, False


def lock_content(session: Session, sha256: str) -> None:
    """Hold other transactions off this content until the end of this one."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:sha256, 0))"), {"sha256": sha256})


def page(session: Session, *, limit: int, offset: int) -> tuple[Sequence[Document], int]:
    """The newest first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(Document)) or 0
    newest = select(Document).order_by(Document.created_at.desc(), Document.id).limit(limit).offset(offset)
    return session.scalars(newest).all(), total


def remove(session: Session, document: Document, *, keep_file_days: float) -> None:
    """Delete a document with its passages; its file is collected after ``keep_file_days``."""
    lock_content(session, document.sha256)
    _collect_later(session, [document.sha256], keep_file_days)
    session.execute(delete(Document).where(Document.id == document.id))


def remove_all_of(session: Session, user_id: uuid.UUID, *, keep_file_days: float) -> None:
    """Delete all documents of a user."""
    digests = session.scalars(select(Document.sha256).where(Document.uploaded_by == user_id).order_by(Document.sha256))
    for sha256 in digests.all():
        lock_content(session, sha256)
        _collect_later(session, [sha256], keep_file_days)
        session.execute(delete(Document).where(Document.sha256 == sha256, Document.uploaded_by == user_id))


def mark_enqueued(session: Session, ids: Sequence[uuid.UUID]) -> None:
    """Note that the queue was told about these just now."""
    session.execute(update(Document).where(Document.id.in_(ids)).values(enqueued_at=func.now()))


def _collect_later(session: Session, digests: Sequence[str], days: float) -> None:
    later = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, days * 86400)
    rows = [{"sha256": sha256, "collect_after": later} for sha256 in digests]
    session.execute(upsert(DeletedFile).values(rows).on_conflict_do_nothing())
