"""PDFs to test with, valid and not; each is its file's bytes."""

from __future__ import annotations

import random
from collections.abc import Sequence

from fpdf import FPDF
from PIL import Image, ImageDraw

LINE_HEIGHT_MM = 8


def with_pages(*texts: str) -> bytes:
    """A valid PDF with one page for each text. Texts are Latin-1: the built-in fonts have no other letters."""
    return bytes(_written(texts).output())


def with_many_pages(count: int) -> bytes:
    """A valid PDF with ``count`` pages, each of which says its number."""
    return with_pages(*(f"This is page number {number} of {count}." for number in range(1, count + 1)))


def encrypted(text: str = "Nobody can read this without the password.", password: str = "secret") -> bytes:  # noqa: S107
    """A valid PDF that asks for a password before it shows its pages."""
    pdf = _written([text])
    pdf.set_encryption(owner_password=f"{password}-owner", user_password=password)
    return bytes(pdf.output())


def without_pages() -> bytes:
    """A well-formed PDF that has no page at all. The writer always makes one, so its entry in the tree is blanked."""
    pdf = with_pages("This page is not in the tree of pages.")
    tree, emptied = b"/Count 1\n/Kids [3 0 R]", b"/Count 0\n/Kids [     ]"
    if pdf.count(tree) != 1:
        raise ValueError("this version of fpdf2 writes the tree of pages in another way")
    # The same length, so that every offset in the file stays true.
    return pdf.replace(tree, emptied)


def blank(pages: int = 1) -> bytes:
    """A valid PDF with pages on which there is nothing."""
    return with_pages(*([""] * pages))


def image_only(text: str = "A scanned page") -> bytes:
    """A valid PDF whose page is a picture of a text, as a scanner makes it: there is no text in it to extract."""
    scan = Image.new("L", (800, 400), color=255)
    ImageDraw.Draw(scan).text((40, 40), text, fill=0)
    pdf = FPDF()
    pdf.add_page()
    pdf.image(scan, w=pdf.epw)
    return bytes(pdf.output())


def damaged() -> bytes:
    """It begins as a PDF and goes on as noise, as after a broken transfer; no reader can repair it."""
    valid = with_pages("This page never arrived.")
    # A fixed seed: the same bytes in every run.
    return valid[:64] + random.Random(64).randbytes(len(valid))  # noqa: S311


def not_a_pdf() -> bytes:
    """A text file, whatever its name says."""
    return b"Dear colleague,\nthe PDF is attached to the other mail.\n" * 40


def _written(texts: Sequence[str]) -> FPDF:
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for text in texts:
        pdf.add_page()
        if text:
            pdf.multi_cell(0, LINE_HEIGHT_MM, text)
    return pdf
