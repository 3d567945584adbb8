"""The tables. Their definition on the server is the migrations' (a test holds the two equal)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DIMENSIONS = 256

QUEUED, PROCESSING, READY, FAILED = "queued", "processing", "ready", "failed"

_now = text("now()")


class Base(DeclarativeBase):
    """All tables of the application."""


class User(Base):
    """Somebody who can log in."""

    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=_now)


class Document(Base):
    """An uploaded PDF and how far it has come. Postgres, not the queue, knows what is to be done."""

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'processing', 'ready', 'failed')", name="documents_state"),
        CheckConstraint("(state = 'processing') = (lease_owner IS NOT NULL)", name="documents_lease"),
        Index("documents_newest", text("created_at DESC"), "id"),
        Index("documents_unfinished", "state", postgresql_where=text("state IN ('queued', 'processing')")),
        Index("documents_uploaded_by", "uploaded_by"),
    )
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    sha256: Mapped[str] = mapped_column(Text, unique=True)
    filename: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default=QUEUED)
    error_code: Mapped[str | None] = mapped_column(Text)
    error_message: Mapped[str | None] = mapped_column(Text)
    pages: Mapped[int | None] = mapped_column(Integer)
    chunk_count: Mapped[int] = mapped_column(Integer, server_default="0")
    embedding_model: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    enqueued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=_now)
    uploaded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=_now)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Chunk(Base):
    """A passage of one page: what is found and cited."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("document_id", "ordinal"),
        Index(
            "chunks_embedding",
            "embedding",
            postgresql_using="hnsw",
            postgresql_with={"m": 16, "ef_construction": 64},
            postgresql_ops={"embedding": "vector_cosine_ops"},
        ),
        Index("chunks_words", "words", postgresql_using="gin"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    ordinal: Mapped[int] = mapped_column(Integer)
    page: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    embedding: Mapped[Any] = mapped_column(Vector(DIMENSIONS))
    words: Mapped[Any] = mapped_column(TSVECTOR, Computed("to_tsvector('english'::regconfig, text)", persisted=True))


class Chapter(Base):
    """A chapter written from retrieved passages, as it was when it was written."""

    __tablename__ = "chapters"
    __table_args__ = (Index("chapters_newest", "user_id", text("created_at DESC")),)
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    topic: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    sections: Mapped[Any] = mapped_column(JSONB)
    citations: Mapped[Any] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=_now)


class DeletedFile(Base):
    """The file of a deleted document, kept until every backup that knows the document has its file."""

    __tablename__ = "deleted_files"
    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    collect_after: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class SchemaCompatibility(Base):
    """For each schema revision the oldest revision whose application still works on it."""

    __tablename__ = "schema_compatibility"
    revision: Mapped[str] = mapped_column(Text, primary_key=True)
    oldest_compatible: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=_now)
