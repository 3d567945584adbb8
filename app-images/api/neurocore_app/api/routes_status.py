"""What this installation is, how it is, and its numbers."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from neurocore_app import health, metrics
from neurocore_app.api import errors
from neurocore_app.api.dependencies import Config
from neurocore_app.api.schemas import EmbeddingOut, Status
from neurocore_app.embedding import DIMENSIONS, embedder


def routes(draining: Callable[[], bool]) -> APIRouter:
    """The routes of one process; they remember the last verdicts."""
    router = APIRouter()
    database = health.Database()
    readiness = health.Readiness(database.check)
    self_test = health.self_test(database)

    @router.get("/api/status", tags=["status"])
    def status(config: Config) -> Status:
        """What this installation is, and whether text leaves it."""
        model = embedder()
        return Status(
            version=config.version,
            name=config.public_name,
            ai_external=config.ai_external,
            registration=config.registration,
            max_upload_mb=config.max_upload_mb,
            max_pages=config.max_pages,
            embedding=EmbeddingOut(provider=model.provider, model=model.model, dimensions=DIMENSIONS),
        )

    @router.get("/health/live", tags=["health"])
    async def live() -> dict[str, str]:
        """This process answers."""
        return {"status": "live"}

    @router.get("/health/started", tags=["health"])
    async def started() -> JSONResponse:
        """The self-test passed once in this process."""
        problems = await run_in_threadpool(self_test.problems)
        if problems:
            return errors.answer(503, "not_started", "; ".join(problems))
        return JSONResponse({"status": "started"})

    @router.get("/health/ready", tags=["health"])
    async def ready() -> JSONResponse:
        """This instance serves now."""
        problem = "draining: this instance is about to stop" if draining() else await readiness.problem()
        if problem:
            return errors.answer(503, "not_ready", problem)
        return JSONResponse({"status": "ready"})

    @router.get("/metrics", include_in_schema=False)
    def numbers() -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return router
