"""The built-in writer: a chapter made of sentences that were found, each with the page it stands on.

It is extractive: it chooses, orders and groups, and adds not one word of its own but the headings, which are made of
the group's own terms. So everything in a chapter can be checked against a page.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurocore_app import sentences
from neurocore_app.embedding import Embedder
from neurocore_app.search import Hit

PASSAGES = 24
MOST_SENTENCES = 12
SENTENCES_IN_PARAGRAPH = 3
# Characters of a sentence worth quoting: shorter ones are headings and captions, longer ones tables.
SHORTEST, LONGEST = 30, 500
# Cosine with the topic: a passage or sentence that neither shares a word with the topic nor is this close is left out.
RELEVANT = 0.3
# Carbonell and Goldstein, The use of MMR (SIGIR 1998): how much relevance counts against novelty.
MMR_RELEVANCE = 0.7
# Two sentences this alike say the same thing.
SAME = 0.95


class NothingFoundError(Exception):
    """The documents hold nothing on the topic."""


@dataclass(frozen=True)
class Citation:
    """Where a sentence stands: ``quote`` is its very words."""

    n: int
    document_id: uuid.UUID
    filename: str
    page: int
    quote: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences and the numbers of their citations."""

    text: str
    citations: list[int]


@dataclass(frozen=True)
class Section:
    """Paragraphs on one aspect."""

    heading: str
    paragraphs: list[Paragraph]


@dataclass(frozen=True)
class Draft:
    """A written chapter."""

    title: str
    sections: list[Section]
    citations: list[Citation]

    def as_json(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Sections and citations as they are stored and sent."""
        citations = [asdict(citation) | {"document_id": str(citation.document_id)} for citation in self.citations]
        return [asdict(section) for section in self.sections], citations


@dataclass(frozen=True)
class _Sentence:
    text: str
    hit: Hit
    order: int


def write(topic: str, hits: Sequence[Hit], embedder: Embedder) -> Draft:
    """Write on ``topic`` from the passages found for it; raises NothingFoundError."""
    asked = sentences.stems(topic)
    candidates = _candidates(hits, asked)
    if not candidates:
        raise NothingFoundError
    vectors = embedder.embed([topic, *(candidate.text for candidate in candidates)])
    relevance = vectors[1:] @ vectors[0]
    worded = np.array([len(asked & sentences.stems(candidate.text)) for candidate in candidates])
    usable = np.flatnonzero((relevance >= RELEVANT) | (worded > 0))
    # A shared word counts as much as a tenth of similarity each: names and abbreviations have poor vectors.
    weight = relevance + 0.1 * np.minimum(worded, 3)
    chosen = _diverse(vectors[1:], weight, [int(index) for index in usable])
    if not chosen:
        raise NothingFoundError
    groups = _groups(vectors[1:], weight, chosen)
    return _assemble(topic, asked, candidates, groups)


def _candidates(hits: Sequence[Hit], asked: set[str]) -> list[_Sentence]:
    seen: set[str] = set()
    found: list[_Sentence] = []
    for hit in hits:
        if hit.similarity < RELEVANT and not (hit.worded or asked & sentences.stems(hit.text)):
            continue
        for text in sentences.split(hit.text):
            key = " ".join(sentences.words(text))
            if SHORTEST <= len(text) <= LONGEST and key not in seen and _is_prose(text):
                seen.add(key)
                found.append(_Sentence(text, hit, len(found)))
    return found


def _is_prose(text: str) -> bool:
    """Mostly letters and at least four words: no table rows, no reference lists of numbers."""
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return letters >= 0.75 * len(text) and len(sentences.words(text)) >= 4


def _diverse(vectors: np.ndarray, weight: np.ndarray, usable: list[int]) -> list[int]:
    """Maximal marginal relevance: each next sentence is relevant and says something new."""
    chosen: list[int] = []
    left = list(usable)
    while left and len(chosen) < MOST_SENTENCES:
        likeness = {i: max((float(vectors[i] @ vectors[j]) for j in chosen), default=0.0) for i in left}
        left = [i for i in left if likeness[i] < SAME]
        if not left:
            break
        best = max(left, key=lambda i: (MMR_RELEVANCE * weight[i] - (1 - MMR_RELEVANCE) * likeness[i], -i))
        chosen.append(best)
        left.remove(best)
    return chosen


def _groups(vectors: np.ndarray, weight: np.ndarray, chosen: list[int]) -> list[list[int]]:
    """Two to four groups (one for a single sentence) around the most relevant, mutually unlike sentences."""
    count = min(len(chosen), max(2, min(4, round(len(chosen) / 3))))
    centres = [max(chosen, key=lambda i: (weight[i], -i))]
    while len(centres) < count:
        rest = [i for i in chosen if i not in centres]
        centres.append(min(rest, key=lambda i: (max(float(vectors[i] @ vectors[j]) for j in centres), i)))
    groups: dict[int, list[int]] = {centre: [centre] for centre in centres}
    for i in chosen:
        if i not in groups:
            groups[max(centres, key=lambda centre: float(vectors[i] @ vectors[centre]))].append(i)
    return sorted(groups.values(), key=lambda group: -max(weight[i] for i in group))


def _assemble(topic: str, asked: set[str], candidates: list[_Sentence], groups: list[list[int]]) -> Draft:
    citations: list[Citation] = []
    sections: list[Section] = []
    texts = [[candidates[i].text for i in group] for group in groups]
    headings: set[str] = set()
    for number, group in enumerate(groups):
        # Within a section in the order of the sources, which is the order their authors argue in.
        ordered = sorted((candidates[i] for i in group), key=lambda s: (str(s.hit.document_id), s.hit.page, s.order))
        paragraphs = []
        for start in range(0, len(ordered), SENTENCES_IN_PARAGRAPH):
            part = ordered[start : start + SENTENCES_IN_PARAGRAPH]
            numbers = []
            for sentence in part:
                numbers.append(len(citations) + 1)
                hit = sentence.hit
                citations.append(Citation(numbers[-1], hit.document_id, hit.filename, hit.page, sentence.text))
            paragraphs.append(Paragraph(" ".join(sentence.text for sentence in part), numbers))
        others = [text for other, lines in enumerate(texts) if other != number for text in lines]
        heading = _heading(texts[number], others, asked, headings)
        headings.add(heading)
        sections.append(Section(heading, paragraphs))
    return Draft(_title(topic), sections, citations)


def _heading(texts: Sequence[str], others: Sequence[str], asked: set[str], taken: set[str]) -> str:
    """The term that sets this group apart: often in it, not elsewhere, two words rather than one."""
    elsewhere = {term for text in others for term in _terms(text)}
    counts = Counter(term for text in texts for term in set(_terms(text)))

    def distinction(term: str) -> tuple[float, int, str]:
        new = len({sentences.stem(word) for word in term.split()} - asked)
        value = counts[term] * (1 + 0.8 * (" " in term)) * (0.4 if term in elsewhere else 1) * (0.5 + new)
        return value, len(term), term

    for term in sorted(counts, key=distinction, reverse=True):
        heading = term[0].upper() + term[1:]
        if heading not in taken:
            return heading
    return f"Part {len(taken) + 1}"


def _terms(text: str) -> list[str]:
    """Words that carry meaning, alone and as neighbours; nothing across punctuation."""
    found: list[str] = []
    for clause in re.split(r"[,.;:()\[\]!?]", text):
        tokens = sentences.words(clause)
        good = [len(t) > 3 and t not in sentences.STOP_WORDS and not t[0].isdigit() for t in tokens]
        found += [token for token, fine in zip(tokens, good, strict=True) if fine]
        pairs = zip(tokens, tokens[1:], good, good[1:], strict=False)
        found += [f"{first} {second}" for first, second, a, b in pairs if a and b]
    return found


def _title(topic: str) -> str:
    title = " ".join(topic.split()).rstrip(".?!")
    return title[:1].upper() + title[1:]
