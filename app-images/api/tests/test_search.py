"""Fusing two rankings, and showing the match."""

from __future__ import annotations

import pytest

from neurocore_app import search


def test_what_both_rankings_find_comes_first() -> None:
    fused = search.fuse([[1, 2, 3], [3, 4]])
    assert list(fused) == [3, 1, 2, 4]
    assert fused[3] == pytest.approx(1 / 63 + 1 / 61)
    assert fused[1] == pytest.approx(1 / 61)


def test_equal_scores_have_a_stable_order() -> None:
    assert list(search.fuse([[9], [4]])) == [4, 9]
    assert search.fuse([[], []]) == {}


def test_a_short_passage_is_its_own_snippet() -> None:
    assert search.snippet("Short.", "anything") == "Short."


def test_the_snippet_shows_the_match_in_its_context() -> None:
    filler = [f"Filler sentence number {n} says something else entirely." for n in range(10)]
    passage = " ".join([*filler[:5], "Nimodipine prevents delayed ischaemia.", *filler[5:]])
    snippet = search.snippet(passage, "what does nimodipine prevent")
    assert "Nimodipine prevents delayed ischaemia." in snippet
    assert "Filler sentence number 5" in snippet
    assert len(snippet) <= search.SNIPPET + 4
    assert snippet.startswith("… ")
    assert snippet.endswith(" …")


def test_the_match_in_a_sentence_that_is_too_long_is_shown_too() -> None:
    passage = "word " * 200 + "nimodipine " + "word " * 200
    snippet = search.snippet(passage.strip(), "nimodipine")
    assert "nimodipine" in snippet
    assert len(snippet) <= search.SNIPPET + 4
