"""Write chapters from what the documents say, and keep them."""

from __future__ import annotations

import uuid

from fastapi import APIRouter
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from neurocore_app import chapters, db, metrics, search
from neurocore_app.api import errors
from neurocore_app.api.dependencies import CurrentUser
from neurocore_app.api.schemas import ChapterList, ChapterOut, ChapterRequest, ChapterSummary
from neurocore_app.embedding import embedder
from neurocore_app.models import Chapter

router = APIRouter(prefix="/api/chapters", tags=["chapters"])

MOST_LISTED = 200


@router.post("", status_code=201)
def write(asked: ChapterRequest, user_id: CurrentUser) -> ChapterOut:
    """Write a chapter on a topic; every sentence of it is cited. 422 `nothing_found`."""
    with db.transaction() as session:
        hits = search.find(session, embedder(), asked.topic, limit=chapters.PASSAGES)
    try:
        draft = chapters.write(asked.topic, hits, embedder())
    except chapters.NothingFoundError as error:
        message = "The documents say nothing on this topic. Upload some that do, or ask in other words."
        raise errors.ApiError(422, "nothing_found", message) from error
    sections, citations = draft.as_json()
    chapter = Chapter(user_id=user_id, topic=asked.topic, title=draft.title, sections=sections, citations=citations)
    try:
        with db.transaction() as session:
            session.add(chapter)
            session.flush()
            session.refresh(chapter)
    except IntegrityError as error:
        raise errors.unauthenticated("The account of this token does not exist any more.") from error
    metrics.chapters_generated.inc()
    return ChapterOut.of(chapter)


@router.get("")
def list_chapters(user_id: CurrentUser) -> ChapterList:
    """The own chapters, the newest first."""
    newest = select(Chapter).where(Chapter.user_id == user_id).order_by(Chapter.created_at.desc()).limit(MOST_LISTED)
    with db.transaction() as session:
        rows = session.scalars(newest).all()
    items = [ChapterSummary(id=row.id, topic=row.topic, title=row.title, created_at=row.created_at) for row in rows]
    return ChapterList(items=items, total=len(items))


@router.get("/{chapter_id}")
def get_chapter(chapter_id: uuid.UUID, user_id: CurrentUser) -> ChapterOut:
    """One of the own chapters."""
    with db.transaction() as session:
        chapter = session.get(Chapter, chapter_id)
    if chapter is None or chapter.user_id != user_id:
        raise errors.not_found("chapter")
    return ChapterOut.of(chapter)


@router.delete("/{chapter_id}", status_code=204)
def delete_chapter(chapter_id: uuid.UUID, user_id: CurrentUser) -> None:
    """Delete one of the own chapters."""
    statement = delete(Chapter).where(Chapter.id == chapter_id, Chapter.user_id == user_id)
    with db.transaction() as session:
        if session.execute(statement).rowcount == 0:
            raise errors.not_found("chapter")
