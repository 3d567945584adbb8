"""Logs: one logfmt line an event on stdout, for our own events and those of every library.

No text of a document or a query may reach a log, so a traceback is written as its frames and the types of its
exceptions: messages of exceptions (a database driver's, for one) quote the values they failed on.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import MutableMapping
from pathlib import PurePath
from types import TracebackType
from typing import Any

import structlog

from neurocore_app import logfmt

_FIRST = ("time", "level", "msg", "request_id")
_ROOT = PurePath(__file__).parent.parent


def configure(level: str, *, service: str) -> None:
    """Send everything at ``level`` and above to stdout; ``service`` is a key of each line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.EventRenamer("msg"),
        _safe_exception,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )

    def add_service(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared, _add_logger],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, add_service, _render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    crashed = structlog.get_logger("neurocore_app")
    # What nobody caught is a line like any other, and without messages too.
    sys.excepthook = lambda _kind, error, _tb: crashed.critical("crashed", exc_info=error)
    threading.excepthook = lambda args: crashed.critical("thread crashed", exc_info=args.exc_value)
    # These say at "info" what we say ourselves, or what nobody reads.
    for chatty in ("alembic", "kombu", "amqp", "celery.worker.strategy", "celery.app.trace", "tornado.access"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _add_logger(logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event


def _safe_exception(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[1] is not None:
        event["error"] = describe(info[1])
        event["traceback"] = " < ".join(_frames(info[2]))
    return event


def _frames(tb: TracebackType | None) -> list[str]:
    """The innermost frames first: ``module.py:12:function``."""
    frames = traceback.extract_tb(tb)[-12:]
    return [f"{_short(frame.filename)}:{frame.lineno}:{frame.name}" for frame in reversed(frames)]


def _short(filename: str) -> str:
    path = PurePath(filename)
    if path.is_relative_to(_ROOT):
        return str(path.relative_to(_ROOT))
    return "/".join(path.parts[-2:])


def describe(error: BaseException) -> str:
    """The types of an exception and its causes, with what identifies them and no values: SQLSTATE, errno."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < 5:
        name = f"{type(current).__module__}.{type(current).__qualname__}".removeprefix("builtins.")
        sqlstate = getattr(current, "sqlstate", None)
        if sqlstate:
            name += f"[{sqlstate}]"
        elif isinstance(current, OSError) and current.strerror:
            name += f"[{current.strerror}]"
        parts.append(name)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return " from ".join(parts)


def _render(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    ordered = {key: event.pop(key) for key in _FIRST if key in event}
    return logfmt.render({**ordered, **event})
