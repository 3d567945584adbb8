"""Errors as the API tells them: ``{"error": {"code", "message"}, "request_id"}``."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from neurocore_app import db

log = structlog.get_logger(__name__)


class ApiError(Exception):
    """An answer other than success; ``code`` is for programs, ``message`` for people."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def unauthenticated(message: str = "Log in first: the token is missing, not valid, or too old.") -> ApiError:
    """401."""
    return ApiError(401, "unauthenticated", message, {"WWW-Authenticate": "Bearer"})


def not_found(what: str) -> ApiError:
    """404."""
    return ApiError(404, "not_found", f"There is no such {what}.")


def answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer that carries an error."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    body = {"error": {"code": code, "message": message}, "request_id": request_id}
    return JSONResponse(body, status_code=status, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Give every exception its answer. What isn't named here is a fault of ours: 500, by the middleware."""

    @app.exception_handler(ApiError)
    async def _api_error(_request: Request, error: ApiError) -> JSONResponse:
        return answer(error.status, error.code, error.message, error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Without the values that were sent.
        problems = [f"{'.'.join(str(part) for part in e['loc'][1:]) or 'body'}: {e['msg']}" for e in error.errors()]
        return answer(422, "invalid_request", "; ".join(problems))

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        code = (
            "too_large"
            if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            else phrase.lower().replace(" ", "_")
        )
        return answer(error.status_code, code, phrase, error.headers)

    async def _database(_request: Request, error: Exception) -> JSONResponse:
        if not db.is_unavailable(error):
            raise error
        log.warning("database unavailable", exc_info=error)
        message = "The database does not answer at the moment. Try again in a few seconds."
        return answer(503, "database_unavailable", message, {"Retry-After": "1"})

    app.add_exception_handler(sqlalchemy.exc.DBAPIError, _database)
    app.add_exception_handler(sqlalchemy.exc.TimeoutError, _database)
