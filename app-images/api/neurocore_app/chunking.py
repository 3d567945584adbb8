"""Pages into passages: whole sentences of one page, so that a passage has one page number to cite."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from neurocore_app import sentences

# Characters. About 200 tokens: enough context for a vector of 256 numbers, short enough to quote.
TARGET = 900
LONGEST = 1200
# The last sentence of a passage begins the next one too, unless it is longer than this.
OVERLAP = 250

_HYPHENATED = re.compile(r"(?<=[^\W\d_])(?:\u00ad|\ufffe|\x02|-)\s*\n\s*(?=[^\W\d_A-Z])")
_SOFT_HYPHEN = re.compile(r"[\u00ad\ufffe\ufeff]")
# What Postgres' text can't hold (NUL, lone surrogates) and what nobody can read (other control characters).
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Chunk:
    """A passage; pages count from 1, ordinals from 0."""

    ordinal: int
    page: int
    text: str


def clean(text: str) -> str:
    """Text as read from a page, in one line: words split at line ends joined, white space single."""
    text = _HYPHENATED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return " ".join(_UNREADABLE.sub(" ", _SOFT_HYPHEN.sub("", text)).split())


def chunk_pages(pages: Iterable[tuple[int, str]]) -> Iterator[Chunk]:
    """The passages of ``(page number, raw text)`` in reading order."""
    ordinal = 0
    for number, raw in pages:
        for text in _passages(clean(raw)):
            yield Chunk(ordinal, number, text)
            ordinal += 1


def _passages(text: str) -> Iterator[str]:
    current: list[str] = []
    length = 0
    for sentence in _short_enough(text):
        if current and length + 1 + len(sentence) > TARGET:
            yield " ".join(current)
            last = current[-1]
            current = [last] if len(last) <= OVERLAP and len(last) + 1 + len(sentence) <= LONGEST else []
            length = len(last) if current else 0
        length += len(sentence) + (1 if current else 0)
        current.append(sentence)
    if current:
        yield " ".join(current)


def _short_enough(text: str) -> Iterator[str]:
    """Sentences; those longer than a passage (tables, lists) in pieces that end between words where possible."""
    for sentence in sentences.split(text):
        if len(sentence) <= LONGEST:
            yield sentence
        else:
            yield from textwrap.wrap(sentence, TARGET, break_on_hyphens=False)
