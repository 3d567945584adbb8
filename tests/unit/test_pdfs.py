"""The PDFs that other tests rely on are what they say: a reader of another make opens them."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tests import pdfs


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content), strict=False)


def texts(content: bytes) -> list[str]:
    return [page.extract_text() for page in read(content).pages]


def test_each_text_is_on_its_page() -> None:
    assert texts(pdfs.with_pages("First.", "Second, with an Ä.")) == ["First.", "Second, with an Ä."]


def test_a_long_text_stays_whole() -> None:
    words = [f"word{number}" for number in range(200)]
    assert " ".join(texts(pdfs.with_pages(" ".join(words)))).split() == words


def test_many_pages_say_their_number() -> None:
    found = texts(pdfs.with_many_pages(25))
    assert len(found) == 25
    assert found[24] == "This is page number 25 of 25."


def test_encrypted_needs_its_password() -> None:
    reader = read(pdfs.encrypted("Hidden.", password="open"))
    assert reader.is_encrypted
    with pytest.raises(PyPdfError):
        reader.pages[0].extract_text()
    assert read(pdfs.encrypted("Hidden.", password="open")).decrypt("open")


@pytest.mark.parametrize("content", [pdfs.blank(2), pdfs.image_only()], ids=["blank", "image only"])
def test_there_is_no_text(content: bytes) -> None:
    assert set(texts(content)) == {""}


def test_image_only_has_an_image() -> None:
    assert len(read(pdfs.image_only()).pages[0].images) == 1


def test_without_pages_is_a_pdf() -> None:
    assert pdfs.without_pages().startswith(b"%PDF-")
    assert texts(pdfs.without_pages()) == []


def test_damaged_begins_as_a_pdf_and_cannot_be_read() -> None:
    assert pdfs.damaged().startswith(b"%PDF-")
    with pytest.raises(PyPdfError):
        texts(pdfs.damaged())


def test_not_a_pdf() -> None:
    assert b"%PDF-" not in pdfs.not_a_pdf()
