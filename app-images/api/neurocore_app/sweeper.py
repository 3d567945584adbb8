"""Looks after what nobody else does: documents whose message or reader was lost, and files that have had their time."""

from __future__ import annotations

import threading
import time
import uuid

import redis
import structlog
from sqlalchemy import delete, func, select, text, update

from neurocore_app import db, documents, extraction, leases, queue
from neurocore_app.models import FAILED, PROCESSING, QUEUED, DeletedFile, Document
from neurocore_app.settings import settings
from neurocore_app.storage import Storage

EVERY_S = 5
# A document that was announced this long ago, while no message waits in the queue: its message is gone.
UNHEARD_S = 10
COLLECT_EVERY_S = 60
BATCH = 100
ABANDONED_UPLOAD_S = 24 * 3600
# Any number, the same in all releases: only one sweeps at a time.
SWEEP_LOCK = 7_203_102

log = structlog.get_logger(__name__)


def run(stop: threading.Event) -> None:
    """Sweep until told to stop; an outage is a line in the log and another try."""
    collected = 0.0
    while not stop.wait(EVERY_S):
        try:
            sweep()
            if time.monotonic() - collected > COLLECT_EVERY_S:
                collect_files()
                collected = time.monotonic()
        except Exception as error:
            log.warning("sweep failed, trying again", exc_info=error)


def sweep() -> list[uuid.UUID]:
    """Take up what was left lying; returns the documents that were announced again."""
    try:
        queue_is_empty = queue.waiting() == 0
    except redis.RedisError as error:
        log.warning("sweeping without the queue: Redis does not answer", exc_info=error)
        queue_is_empty = False
    with db.transaction() as session:
        if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SWEEP_LOCK}):
            return []
        expired = (Document.state == PROCESSING) & (Document.lease_expires_at < func.now())
        unread = select(Document.id).with_for_update(skip_locked=True)
        used_up = (expired | (Document.state == QUEUED)) & (Document.attempts >= leases.MAX_ATTEMPTS)
        failed = session.scalars(
            update(Document)
            .where(Document.id.in_(unread.where(used_up).limit(BATCH)))
            .values(
                state=FAILED,
                error_code="internal",
                error_message=extraction.MESSAGES["internal"],
                lease_owner=None,
                lease_expires_at=None,
                finished_at=func.now(),
            )
            .returning(Document.id)
        ).all()
        freed = session.scalars(
            update(Document)
            .where(Document.id.in_(unread.where(expired).limit(BATCH)))
            .values(state=QUEUED, lease_owner=None, lease_expires_at=None)
            .returning(Document.id)
        ).all()
        again: list[uuid.UUID] = list(freed)
        if queue_is_empty:
            unheard = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, UNHEARD_S)
            lost = unread.where(Document.state == QUEUED, Document.enqueued_at < unheard, Document.id.not_in(freed))
            again += session.scalars(lost.order_by(Document.enqueued_at).limit(BATCH)).all()
        if again:
            documents.mark_enqueued(session, again)
    for document_id in failed:
        log.error("document failed: all attempts used up", document_id=str(document_id))
    announced = [document_id for document_id in again if queue.enqueue(document_id)]
    if announced:
        log.info("documents announced again", count=len(announced), expired_leases=len(freed))
    return announced


def collect_files() -> int:
    """Remove files of documents that were deleted long enough ago, and uploads that never finished; returns how many."""
    storage = Storage(settings().data_dir / "pdfs")
    removed = 0
    while _collect_one(storage):
        removed += 1
    abandoned = storage.remove_abandoned(ABANDONED_UPLOAD_S)
    if removed or abandoned:
        log.info("files collected", deleted=removed, abandoned_uploads=abandoned)
    return removed + abandoned


def _collect_one(storage: Storage) -> bool:
    with db.transaction() as session:
        due = select(DeletedFile.sha256).where(DeletedFile.collect_after < func.now())
        sha256 = session.scalar(due.order_by(DeletedFile.collect_after).limit(1))
        if sha256 is None:
            return False
        # The same lock as an upload of the same content: it may have come back since we looked.
        documents.lock_content(session, sha256)
        row = session.execute(
            delete(DeletedFile)
            .where(DeletedFile.sha256 == sha256, DeletedFile.collect_after < func.now())
            .returning(DeletedFile.sha256)
        ).one_or_none()
        in_use = session.scalar(select(Document.id).where(Document.sha256 == sha256))
        if row is not None and in_use is None:
            storage.remove(sha256)
        return True
