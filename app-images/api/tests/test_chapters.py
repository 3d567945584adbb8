"""The writer adds nothing of its own: each sentence of a chapter stands in a passage, on the page that it cites."""

from __future__ import annotations

import uuid

import pytest

from neurocore_app import chapters, sentences
from neurocore_app.embedding import BuiltIn, Embedder
from neurocore_app.search import Hit

DOCUMENT = uuid.UUID(int=1)
TOPIC = "treatment of chronic subdural haematoma"
PASSAGES = {
    3: "Burr hole craniostomy is the usual treatment of chronic subdural haematoma. A closed drain lowers recurrence after "
    "evacuation of the haematoma. Irrigation of the subdural space does not change the outcome.",
    4: "Embolisation of the middle meningeal artery treats recurrent subdural haematoma. Particles or liquid agents are used "
    "for embolisation of the artery. Embolisation takes an hour in most hospitals.",
    9: "Anticoagulants are stopped before surgery for a subdural haematoma. Atorvastatin reduced the volume of the haematoma "
    "in one trial. Steroids for chronic subdural haematoma worsened the outcome.",
}


@pytest.fixture(scope="module")
def model() -> Embedder:
    return BuiltIn()


def hits(model: Embedder, passages: dict[int, str], topic: str = TOPIC, *, worded: bool = False) -> list[Hit]:
    vectors = model.embed([topic, *passages.values()])
    return [
        Hit(page, DOCUMENT, "book.pdf", page, text, 0.03, float(vectors[0] @ vector), worded)
        for (page, text), vector in zip(passages.items(), vectors[1:], strict=True)
    ]


def test_every_sentence_is_cited_with_its_words_and_its_page(model: Embedder) -> None:
    draft = chapters.write(TOPIC, hits(model, PASSAGES), model)
    quotes = {citation.n: citation for citation in draft.citations}
    assert list(quotes) == list(range(1, len(quotes) + 1))
    written = 0
    for section in draft.sections:
        for paragraph in section.paragraphs:
            assert paragraph.text == " ".join(quotes[n].quote for n in paragraph.citations)
            for n in paragraph.citations:
                assert quotes[n].quote in sentences.split(PASSAGES[quotes[n].page])
                written += 1
    assert written == len(quotes) >= 6


def test_sections_have_different_headings_made_of_their_own_words(model: Embedder) -> None:
    draft = chapters.write(TOPIC, hits(model, PASSAGES), model)
    assert 2 <= len(draft.sections) <= 4
    headings = [section.heading for section in draft.sections]
    assert len(set(headings)) == len(headings)
    for section in draft.sections:
        own = sentences.words(" ".join(paragraph.text for paragraph in section.paragraphs))
        assert set(sentences.words(section.heading)) <= set(own)
    assert draft.title == "Treatment of chronic subdural haematoma"


def test_the_same_passages_give_the_same_chapter(model: Embedder) -> None:
    assert chapters.write(TOPIC, hits(model, PASSAGES), model) == chapters.write(TOPIC, hits(model, PASSAGES), model)


def test_a_sentence_that_stands_twice_is_written_once(model: Embedder) -> None:
    twice = {1: PASSAGES[3], 2: PASSAGES[3]}
    draft = chapters.write(TOPIC, hits(model, twice), model)
    quotes = [citation.quote for citation in draft.citations]
    assert len(set(quotes)) == len(quotes)


@pytest.mark.parametrize(
    "passages",
    [
        {},
        {1: "The invoice for the chairs of the office was paid in March."},
        {1: "12 34 56 78 90 11 22 33 44 55 66 77 88"},
    ],
    ids=["no passage", "an unrelated one", "numbers only"],
)
def test_nothing_relevant_is_said_so(model: Embedder, passages: dict[int, str]) -> None:
    with pytest.raises(chapters.NothingFoundError):
        chapters.write(TOPIC, hits(model, passages), model)


def test_one_relevant_sentence_is_a_chapter_of_one_section(model: Embedder) -> None:
    draft = chapters.write(TOPIC, hits(model, {1: "Burr hole craniostomy treats chronic subdural haematoma."}), model)
    assert len(draft.sections) == 1
    assert len(draft.citations) == 1


def test_vectors_have_length_one_and_nothing_has_length_zero(model: Embedder) -> None:
    vectors = model.embed(["a subdural haematoma", ""])
    assert vectors.shape == (2, 256)
    assert float(vectors[0] @ vectors[0]) == pytest.approx(1, abs=1e-5)
    assert not vectors[1].any()
    assert model.embed([]).shape == (0, 256)
