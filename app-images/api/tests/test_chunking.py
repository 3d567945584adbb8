"""Passages: whole sentences, one page each, none lost."""

from __future__ import annotations

import pytest

from neurocore_app import chunking, sentences


def test_passages_keep_their_page_and_are_numbered_through() -> None:
    chunks = list(chunking.chunk_pages([(1, "First page."), (2, ""), (3, "Third page. It goes on.")]))
    assert [(chunk.ordinal, chunk.page, chunk.text) for chunk in chunks] == [
        (0, 1, "First page."),
        (1, 3, "Third page. It goes on."),
    ]


def test_long_pages_become_passages_of_whole_sentences_that_overlap_by_one() -> None:
    said = [f"Sentence number {number} speaks about the brain and its vessels." for number in range(60)]
    chunks = list(chunking.chunk_pages([(7, " ".join(said))]))
    assert len(chunks) > 2
    assert {chunk.page for chunk in chunks} == {7}
    for chunk in chunks:
        assert len(chunk.text) <= chunking.LONGEST
        assert all(sentence in said for sentence in sentences.split(chunk.text))
    for before, after in zip(chunks, chunks[1:], strict=False):
        assert sentences.split(before.text)[-1] == sentences.split(after.text)[0]
    assert {sentence for chunk in chunks for sentence in sentences.split(chunk.text)} == set(said)


def test_text_without_sentences_is_cut_between_words_and_nothing_is_lost() -> None:
    words = [f"word{number}" for number in range(1000)]
    chunks = list(chunking.chunk_pages([(1, " ".join(words))]))
    assert all(len(chunk.text) <= chunking.LONGEST for chunk in chunks)
    assert " ".join(chunk.text for chunk in chunks).split() == words


def test_a_word_longer_than_a_passage_is_cut() -> None:
    chunks = list(chunking.chunk_pages([(1, "x" * 5000)]))
    assert all(len(chunk.text) <= chunking.LONGEST for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks) == "x" * 5000


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("hydro-\ncephalus", "hydrocephalus"),
        ("hydro\ufffe\r\ncephalus", "hydrocephalus"),
        ("hydro\u00adcephalus", "hydrocephalus"),
        ("post-\nOperative", "post- Operative"),
        ("L4-\n5", "L4- 5"),
        ("a\x00b\ud800c", "a b c"),
        ("  one \n\n two\t three ", "one two three"),
    ],
)
def test_raw_text_becomes_clean_text(raw: str, clean: str) -> None:
    assert chunking.clean(raw) == clean
    chunking.clean(raw).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works. It does.", ["It works.", "It does."]),
        ("See Fig. 3 for it. Dr. Dandy did, e.g. Here.", ["See Fig. 3 for it.", "Dr. Dandy did, e.g. Here."]),
        ("Cushing et al. Described it.", ["Cushing et al. Described it."]),
        ("Harvey W. Cushing wrote. He won.", ["Harvey W. Cushing wrote.", "He won."]),
        (
            "A dose of 2.5 mg is enough! Is it? (Yes.) Fine.",
            ["A dose of 2.5 mg is enough!", "Is it?", "(Yes.)", "Fine."],
        ),
        ("", []),
    ],
)
def test_sentences_end_where_they_end(text: str, expected: list[str]) -> None:
    assert sentences.split(text) == expected
