"""Search all documents."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query

from neurocore_app import db, metrics, search
from neurocore_app.api.dependencies import CurrentUser
from neurocore_app.api.schemas import SearchResult, SearchResults
from neurocore_app.embedding import embedder

router = APIRouter(prefix="/api/search", tags=["search"])


@router.get("")
def find(
    _user_id: CurrentUser,
    q: Annotated[str, Query(min_length=2, max_length=500)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> SearchResults:
    """The passages that fit a question best, by meaning and by words, with their page."""
    started = time.perf_counter()
    with db.transaction() as session:
        hits = search.find(session, embedder(), q, limit=limit)
    results = [
        SearchResult(
            document_id=hit.document_id,
            filename=hit.filename,
            page=hit.page,
            snippet=search.snippet(hit.text, q),
            score=hit.score,
            chunk_id=hit.chunk_id,
        )
        for hit in hits
    ]
    seconds = time.perf_counter() - started
    metrics.searches.inc()
    metrics.search_duration.observe(seconds)
    return SearchResults(query=q, results=results, took_ms=round(seconds * 1000, 1))
