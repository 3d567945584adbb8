"""Text as sentences, and the words of a question."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9À-Þ])")
# A full stop after these ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|al|Fig|Figs|Tab|Dr|Prof|Mr|Mrs|Ms|St|No|Nos|approx|resp|ca|ref|refs|Eq|Vol|pp?|ed|eds|Sect|Ch)"
    r"|\b[A-Z])\.$"
)
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")

STOP_WORDS = frozenset(
    (  # noqa: SIM905 - words read better than a list of them
        "a about above after again against all also although am among an and any are as at be because been before being "
        "below between both but by can could did do does doing down during each few for from further had has have "
        "having he her here hers him his how however i if in into is it its itself may me might more most must my no "
        "nor not of off on once only or other our ours out over own per s same shall she should since so some such t "
        "than that the their theirs them then there therefore these they this those through thus to too under until up "
        "upon us use used using very via was we were what when where whether which while who whom why will with within "
        "without would you your yours "
    ).split()
)


def split(text: str) -> list[str]:
    """The sentences of a text, in order, without surrounding space."""
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        candidate = text[start : match.start()]
        if _ABBREVIATION.search(candidate):
            continue
        sentences.append(text[start : match.end()].strip())
        start = match.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return [match.group().casefold() for match in _WORD.finditer(text)]


def stems(text: str) -> set[str]:
    """What its meaning words begin with: enough to see that "haemorrhages" and "haemorrhage" are the same."""
    return {stem(word) for word in words(text) if word not in STOP_WORDS and len(word) > 1}


def stem(word: str) -> str:
    """A word without the endings of English plurals and participles, as far as that is simple."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "al", "ic"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word
