"""The queue: Celery over Redis. It carries hints only; what is to be done stands in Postgres."""

from __future__ import annotations

import uuid
from functools import lru_cache
from urllib.parse import quote

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from neurocore_app.redis_client import client
from neurocore_app.settings import settings

# Names that releases share: a newer API sends to an older worker and the other way round.
QUEUE = "documents"
PROCESS_DOCUMENT = "neurocore.process_document"

log = structlog.get_logger(__name__)


@lru_cache(maxsize=1)
def celery() -> Celery:
    """The Celery application of this process."""
    config = settings()
    config.require("redis_host")
    password = quote(config.secret("redis_password"), safe="")
    app = Celery("neurocore", broker=f"redis://:{password}@{config.redis_host}:{config.redis_port}/0")
    app.conf.update(
        task_default_queue=QUEUE,
        task_ignore_result=True,
        # A task is acknowledged when it is done, and one at a time is taken: a worker that dies loses nothing.
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        # Threads: the dangerous part of a task (PDFium) runs in a process of its own (extraction.py).
        worker_pool="threads",
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_transport_options={
            "visibility_timeout": 3600,
            "socket_connect_timeout": 1,
            "socket_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        # Publishing: one more try over a fresh connection, then the sweeper's turn.
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
    )
    return app


def enqueue(document_id: uuid.UUID) -> bool:
    """Tell a worker about a document; False (and a line in the log) when Redis can't be told, which loses nothing."""
    try:
        celery().send_task(PROCESS_DOCUMENT, args=[str(document_id)], queue=QUEUE)
    except (OperationalError, OSError) as error:
        log.warning("not enqueued, the sweeper will", document_id=str(document_id), exc_info=error)
        return False
    return True


def waiting() -> int:
    """Messages that no worker has taken; raises redis.RedisError."""
    return int(client().llen(QUEUE))  # type: ignore[arg-type]
