"""Counters of the API, right across its processes (PROMETHEUS_MULTIPROC_DIR is set by the server).

Labels are route templates and statuses; never an id, a name, a text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select

from neurocore_app import db
from neurocore_app.models import FAILED, PROCESSING, QUEUED, READY, Document

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST

http_requests = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
http_duration = Histogram(
    "http_request_duration_seconds",
    "Time from a request's first byte to its answer's last",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
registrations = Counter("user_registrations_total", "Accounts created")
logins = Counter("user_logins_total", "Attempts to log in", ["outcome"])
documents_uploaded = Counter("documents_uploaded_total", "Uploads by outcome: new, known or refused", ["outcome"])
searches = Counter("search_queries_total", "Searches answered")
search_duration = Histogram(
    "search_duration_seconds", "Time of a search", buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
)
chapters_generated = Counter("chapters_generated_total", "Chapters written")
enqueue_failures = Counter("enqueue_failures_total", "Uploads that Redis could not be told about")
processes_started = Gauge("api_processes", "API processes alive", multiprocess_mode="livesum")

log = structlog.get_logger(__name__)


class _Documents:
    """How many documents are in which state, asked when somebody looks."""

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("documents", "Documents by state", labels=["state"])
        try:
            with db.transaction() as session:
                rows = session.execute(select(Document.state, func.count()).group_by(Document.state)).all()
        except Exception as error:
            if not db.is_unavailable(error):
                raise
            log.warning("documents are not counted: the database does not answer", exc_info=error)
            return
        counts = dict.fromkeys((QUEUED, PROCESSING, READY, FAILED), 0) | {row[0]: row[1] for row in rows}
        for state, count in counts.items():
            family.add_metric([state], count)
        yield family


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    counted = CollectorRegistry()
    counted.register(_Documents())  # type: ignore[arg-type]
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(counted)
        return prometheus_client.generate_latest(counted)
    # A single process, as in the tests.
    return prometheus_client.generate_latest(prometheus_client.REGISTRY) + prometheus_client.generate_latest(counted)
