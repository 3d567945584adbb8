"""Around every request: its id, its line in the log, its metrics, and an answer when something breaks."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neurocore_app import metrics
from neurocore_app.api import errors

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked every second by machines: a line each would drown the others, and a change of health has a line of its own.
_QUIET = ("/health/", "/metrics")
# nginx's number for "the client went away".
CLIENT_CLOSED = 499

log = structlog.get_logger("neurocore_app.access")


class Requests:
    """ASGI middleware. While draining, each answer asks its client to close the connection."""

    def __init__(self, app: ASGIApp, draining: Callable[[], bool]) -> None:
        self._app = app
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
                headers.append((b"x-content-type-options", b"nosniff"))
                if self._draining():
                    headers.append((b"connection", b"close"))
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_CLOSED
        except Exception as error:
            log.error("unhandled", exc_info=error)
            if status:
                raise  # the answer has begun: only a broken connection can tell the client
            response = errors.answer(500, "internal", "Something went wrong here. The request id finds it in the log.")
            await response(scope, receive, send_with_id)
        finally:
            self._account(scope, status, time.perf_counter() - started)

    @staticmethod
    def _account(scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], template(scope)
        metrics.http_requests.labels(method, route, str(status)).inc()
        metrics.http_duration.labels(method, route).observe(seconds)
        write = log.debug if route.startswith(_QUIET) else log.info
        write("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def template(scope: Scope) -> str:
    """The route's template, such as /api/documents/{document_id}: what may be in logs and labels."""
    route: Any = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return str(path) if path else "unmatched"
