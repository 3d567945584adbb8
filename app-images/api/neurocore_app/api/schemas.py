"""What the API takes and gives."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

from neurocore_app import auth
from neurocore_app.models import Chapter, Document, User

Topic = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class Registration(BaseModel):
    """A new account."""

    email: Annotated[str, StringConstraints(max_length=254)]
    password: Annotated[str, StringConstraints(min_length=auth.SHORTEST_PASSWORD, max_length=auth.LONGEST_PASSWORD)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class Login(BaseModel):
    """An attempt to log in."""

    email: Annotated[str, StringConstraints(max_length=254)]
    password: Annotated[str, StringConstraints(max_length=auth.LONGEST_PASSWORD)]


class Token(BaseModel):
    """A bearer token; ``expires_in`` in seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind, not a password
    expires_in: int


class Account(BaseModel):
    """Who is logged in."""

    id: uuid.UUID
    email: str
    name: str

    @classmethod
    def of(cls, user: User) -> Account:
        """From the row."""
        return cls(id=user.id, email=user.email, name=user.name)


class Problem(BaseModel):
    """Why a document failed."""

    code: str
    message: str


class DocumentOut(BaseModel):
    """A document and its state."""

    id: uuid.UUID
    sha256: str
    filename: str
    size_bytes: int
    state: Literal["queued", "processing", "ready", "failed"]
    error: Problem | None
    pages: int | None
    chunks: int
    mine: bool
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, document: Document, reader: uuid.UUID) -> DocumentOut:
        """From the row, as ``reader`` sees it."""
        code = document.error_code
        return cls(
            id=document.id,
            sha256=document.sha256,
            filename=document.filename,
            size_bytes=document.size_bytes,
            state=document.state,  # type: ignore[arg-type]
            error=Problem(code=code, message=document.error_message or "") if code else None,
            pages=document.pages,
            chunks=document.chunk_count,
            mine=document.uploaded_by == reader,
            created_at=document.created_at,
            finished_at=document.finished_at,
        )


class DocumentList(BaseModel):
    """A page of documents, the newest first."""

    items: list[DocumentOut]
    total: int


class SearchResult(BaseModel):
    """A passage that was found."""

    document_id: uuid.UUID
    filename: str
    page: int
    snippet: str
    score: float
    chunk_id: int


class SearchResults(BaseModel):
    """The best passages, the best first."""

    query: str
    results: list[SearchResult]
    took_ms: float


class ChapterRequest(BaseModel):
    """What to write on."""

    topic: Topic


class ParagraphOut(BaseModel):
    """Sentences, and the numbers of the citations they come from."""

    text: str
    citations: list[int]


class SectionOut(BaseModel):
    """Paragraphs on one aspect."""

    heading: str
    paragraphs: list[ParagraphOut]


class CitationOut(BaseModel):
    """Where a sentence stands."""

    n: int
    document_id: uuid.UUID
    filename: str
    page: int
    quote: str


class ChapterSummary(BaseModel):
    """A chapter in a list."""

    id: uuid.UUID
    topic: str
    title: str
    created_at: datetime


class ChapterOut(ChapterSummary):
    """A chapter."""

    sections: list[SectionOut]
    citations: list[CitationOut]

    @classmethod
    def of(cls, chapter: Chapter) -> ChapterOut:
        """From the row."""
        return cls(
            id=chapter.id,
            topic=chapter.topic,
            title=chapter.title,
            created_at=chapter.created_at,
            sections=chapter.sections,
            citations=chapter.citations,
        )


class ChapterList(BaseModel):
    """The reader's own chapters, the newest first."""

    items: list[ChapterSummary]
    total: int


class EmbeddingOut(BaseModel):
    """Which model makes the vectors."""

    provider: str
    model: str
    dimensions: int


class Status(BaseModel):
    """What this installation is; ``ai_external`` says whether text leaves it."""

    version: str
    name: str
    ai_external: bool
    registration: Literal["open", "closed"]
    max_upload_mb: int
    max_pages: int
    embedding: EmbeddingOut
