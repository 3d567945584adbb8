"""Search by meaning and by words, fused: each finds what the other misses."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pgvector.sqlalchemy import Vector
from sqlalchemy import bindparam, func, literal_column, select, text
from sqlalchemy.orm import Session

from neurocore_app import sentences
from neurocore_app.embedding import DIMENSIONS, Embedder
from neurocore_app.models import Chunk, Document

# Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet (SIGIR 2009): k = 60.
RRF_K = 60
# Looked at on each side before fusing.
CANDIDATES = 50
# HNSW's list while searching: at least the candidates, more for recall.
EF_SEARCH = 100
# Cosine similarity under which a passage counts as unrelated: noise lies around 0.1 with the built-in model.
LEAST_SIMILARITY = 0.2
SNIPPET = 320


@dataclass(frozen=True)
class Hit:
    """A passage that was found. ``similarity`` is its cosine with the query, ``worded`` whether the words matched."""

    chunk_id: int
    document_id: uuid.UUID
    filename: str
    page: int
    text: str
    score: float
    similarity: float
    worded: bool


def fuse(rankings: Sequence[Sequence[int]], k: int = RRF_K) -> dict[int, float]:
    """Scores by reciprocal rank fusion, the best first; equal scores in the order of the ids."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            scores[item] = scores.get(item, 0.0) + 1 / (k + rank)
    return dict(sorted(scores.items(), key=lambda entry: (-entry[1], entry[0])))


def find(
    session: Session, embedder: Embedder, query: str, *, limit: int, least_similarity: float = LEAST_SIMILARITY
) -> list[Hit]:
    """The best passages for a query, the best first."""
    vector = embedder.embed([query])[0]
    similar = _by_meaning(session, vector, least_similarity) if vector.any() else []
    worded = _by_words(session, query)
    scores = fuse([similar, worded])
    best = list(scores)[:limit]
    if not best:
        return []
    found = session.execute(
        select(Chunk.id, Chunk.document_id, Document.filename, Chunk.page, Chunk.text, Chunk.embedding)
        .join(Document, Document.id == Chunk.document_id)
        .where(Chunk.id.in_(best))
    )
    hits = {
        row.id: Hit(
            chunk_id=row.id,
            document_id=row.document_id,
            filename=row.filename,
            page=row.page,
            text=row.text,
            score=round(scores[row.id], 6),
            similarity=float(np.dot(vector, np.asarray(row.embedding, dtype=np.float32))),
            worded=row.id in set(worded),
        )
        for row in found
    }
    return [hits[chunk_id] for chunk_id in best if chunk_id in hits]


def _by_meaning(session: Session, vector: np.ndarray, least_similarity: float) -> list[int]:
    session.execute(text(f"SET LOCAL hnsw.ef_search = {EF_SEARCH}"))
    distance = Chunk.embedding.cosine_distance(bindparam("vector", vector, type_=Vector(DIMENSIONS))).label("distance")
    # Filtered outside: a WHERE on the distance would keep the planner off the index.
    rows = session.execute(select(Chunk.id, distance).order_by(distance).limit(CANDIDATES))
    return [row.id for row in rows if 1 - row.distance >= least_similarity]


def _by_words(session: Session, query: str) -> list[int]:
    asked = func.websearch_to_tsquery(literal_column("'english'::regconfig"), query)
    rank = func.ts_rank_cd(Chunk.words, asked)
    statement = select(Chunk.id).where(Chunk.words.bool_op("@@")(asked)).order_by(rank.desc(), Chunk.id)
    return list(session.scalars(statement.limit(CANDIDATES)))


def snippet(passage: str, query: str, length: int = SNIPPET) -> str:
    """The part of a passage that answers best, by words in common, with as much context as fits in ``length`` characters."""
    if len(passage) <= length:
        return passage
    asked = sentences.stems(query)
    parts = sentences.split(passage)
    common = [len(asked & sentences.stems(part)) for part in parts]
    best = max(range(len(parts)), key=lambda index: (common[index], -index))
    first, last = _grow(parts, best, length)
    chosen = " ".join(parts[first : last + 1])
    if len(chosen) > length:
        chosen = _around(chosen, asked, length)
    return ("" if first == 0 else "… ") + chosen + ("" if last == len(parts) - 1 else " …")


def _around(sentence: str, asked: set[str], length: int) -> str:
    """A window of a long sentence about the first word that was asked for, cut between words."""
    tokens = sentence.split(" ")
    middle = next((i for i, token in enumerate(tokens) if sentences.stems(token) & asked), 0)
    first, last = _grow(tokens, middle, length)
    before, after = "" if first == 0 else "… ", "" if last + 1 == len(tokens) else " …"
    return before + " ".join(tokens[first : last + 1]) + after


def _grow(parts: Sequence[str], middle: int, length: int) -> tuple[int, int]:
    """The first and last of the parts about ``middle`` that fit in ``length`` characters, taken in turn after and before."""
    first = last = middle
    size = len(parts[middle])
    while True:
        grown = False
        if last + 1 < len(parts) and size + 1 + len(parts[last + 1]) <= length:
            last += 1
            size += 1 + len(parts[last])
            grown = True
        if first > 0 and size + 1 + len(parts[first - 1]) <= length:
            first -= 1
            size += 1 + len(parts[first])
            grown = True
        if not grown:
            return first, last
