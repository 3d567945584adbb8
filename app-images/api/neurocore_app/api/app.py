"""The application: routes, errors, documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from neurocore_app import metrics
from neurocore_app.api import (
    errors,
    routes_auth,
    routes_chapters,
    routes_documents,
    routes_search,
    routes_status,
)
from neurocore_app.api.middleware import Requests
from neurocore_app.health_files import Files
from neurocore_app.settings import Settings

# Requests that work at the same time, for each database connection: more would only wait for one, and time out.
THREADS_PER_CONNECTION = 3
# Bytes of a request other than an upload, which counts for itself.
LARGEST_JSON = 64 * 1024


def create_app(config: Settings) -> FastAPI:
    """The ASGI application. It opens no connection: each process does, when it needs one."""
    drain_file = Files(config.run_dir).draining

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = (
            THREADS_PER_CONNECTION * config.database_pool_size
        )
        metrics.processes_started.set(1)
        yield

    app = FastAPI(
        title=f"{config.public_name} API",
        version=config.version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        # The framework's own traces and metrics hold addresses with queries in them.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    errors.install(app)
    for router in (routes_auth.router, routes_chapters.router):
        app.include_router(router, max_body_size=LARGEST_JSON)
    for router in (routes_documents.router, routes_search.router, routes_status.routes(drain_file.exists)):
        app.include_router(router)
    _documentation(app)
    app.add_middleware(Requests, draining=drain_file.exists)
    return app


def _documentation(app: FastAPI) -> None:
    """/api/docs with files that come with the image: it must also work where no other network is reached."""
    files = Path(fastapi_offline.__file__).parent / "static"
    app.mount("/api/docs/files", StaticFiles(directory=files), name="documentation")

    @app.get("/api/docs", include_in_schema=False)
    async def documentation() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/api/openapi.json",
            title=app.title,
            swagger_js_url="/api/docs/files/swagger-ui-bundle.js",
            swagger_css_url="/api/docs/files/swagger-ui.css",
            swagger_favicon_url="/api/docs/files/favicon.png",
        )
