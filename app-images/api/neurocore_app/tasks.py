"""What a worker does with a document: read, cut, embed, store. Safe to run twice, at once or again."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import structlog
from celery import Celery

from neurocore_app import chunking, db, extraction, leases
from neurocore_app.embedding import Embedder, embedder
from neurocore_app.queue import PROCESS_DOCUMENT
from neurocore_app.settings import settings
from neurocore_app.storage import Storage

BATCH = 64
# While the database is away, a result that took minutes to make is kept for this long.
SAVE_FOR_S = 120
# No two processes share it, nor one container's before and after a restart.
OWNER = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

log = structlog.get_logger(__name__)


def register(app: Celery) -> None:
    """Teach a Celery application its tasks."""

    @app.task(name=PROCESS_DOCUMENT)
    def process_document(document_id: str, *_later: Any, **_newer: Any) -> None:
        # Arguments that a newer release may add are accepted and left alone.
        process(uuid.UUID(document_id))


def process(document_id: uuid.UUID) -> None:
    """Bring a document to ``ready`` or ``failed``; never raises.

    When the database is away or this process dies, the document stays as it is and its lease runs out.
    """
    structlog.contextvars.bind_contextvars(request_id=f"document-{document_id}")
    try:
        lease = leases.claim(document_id, OWNER)
        if lease is None:
            log.debug("nothing to do: done, deleted or in other hands")
            return
        with leases.renewed(lease):
            _process(lease)
    except leases.LeaseLostError:
        log.warning("given up: the document was deleted, or another worker has it")
    except Exception as error:
        log.error("document left for another attempt", exc_info=error)
    finally:
        structlog.contextvars.unbind_contextvars("request_id")


def _process(lease: leases.Lease) -> None:
    started = time.monotonic()
    config = settings()
    try:
        path = Storage(config.data_dir / "pdfs").path(lease.sha256)
        pages = Counted(extraction.pages(path, max_pages=config.max_pages))
        rows = _rows(lease, pages, embedder())
    except extraction.ExtractionError as error:
        code, message = error.code, error.message
        _save(lambda: leases.fail(lease, code=code, message=message))
        log.info("document failed", code=code, detail=error.detail, attempt=lease.attempt)
        return
    except (leases.LeaseLostError, MemoryError):
        raise
    except Exception as error:
        # Ours to answer for, and perhaps better next time: the sweeper sends it again until its attempts are used up.
        log.error("attempt failed", attempt=lease.attempt, exc_info=error)
        _save(lambda: leases.give_back(lease))
        return
    model = embedder().model
    _save(lambda: leases.finish(lease, rows, pages=pages.count, model=model))
    seconds = round(time.monotonic() - started, 3)
    log.info("document ready", pages=pages.count, chunks=len(rows), seconds=seconds, attempt=lease.attempt)


class Counted:
    """Pages passed through and counted."""

    def __init__(self, pages: Iterable[tuple[int, str]]) -> None:
        self._pages = pages
        self.count = 0

    def __iter__(self) -> Any:
        for page in self._pages:
            self.count += 1
            yield page


def _rows(lease: leases.Lease, pages: Iterable[tuple[int, str]], model: Embedder) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    chunks = chunking.chunk_pages(pages)
    while batch := list(islice(chunks, BATCH)):
        lease.check()
        vectors = model.embed([chunk.text for chunk in batch])
        rows += [
            {
                "document_id": lease.document_id,
                "ordinal": chunk.ordinal,
                "page": chunk.page,
                "text": chunk.text,
                "embedding": vector,
            }
            for chunk, vector in zip(batch, vectors, strict=True)
        ]
    return rows


def _save(write: Callable[[], None]) -> None:
    """Write a result; tries again while the database is away, for SAVE_FOR_S seconds."""
    deadline = time.monotonic() + SAVE_FOR_S
    while True:
        try:
            return write()
        except Exception as error:
            if not db.is_unavailable(error) or time.monotonic() > deadline:
                raise
            log.warning("result not stored, trying again", exc_info=error)
            time.sleep(1)  # between two attempts
