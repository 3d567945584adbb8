"""PDFs of every kind that people upload."""

from __future__ import annotations

from neurocore_app import pdf

TEXT = "A chronic subdural haematoma is treated by burr hole craniostomy. A drain lowers the rate of recurrence."


def text() -> bytes:
    """Two pages with text."""
    return pdf.write([TEXT, "The second page is about glioma."])


def image_only() -> bytes:
    """A page with a picture and no text: what a scanner makes."""
    stream = b"q 200 0 0 200 50 500 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"
    return _one_page(stream)


def blank() -> bytes:
    """A page without anything on it."""
    return _one_page(b"")


def no_pages() -> bytes:
    """A well-formed PDF of no pages."""
    return pdf._assemble([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"])


def damaged() -> bytes:
    """It begins like a PDF and goes on like nothing."""
    return b"%PDF-1.7\n" + bytes(range(256)) * 20


def truncated() -> bytes:
    """The first part of a PDF: an upload that broke off at the sender's."""
    return text()[:200]


def encrypted() -> bytes:
    """A PDF with an encryption dictionary whose password nobody knows (keys of zeros fit none)."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
        b"<< /Filter /Standard /V 1 /R 2 /O <" + b"00" * 32 + b"> /U <" + b"00" * 32 + b"> /P -44 >>",
    ]
    plain = pdf._assemble(objects)
    return plain.replace(
        b"/Root 1 0 R >>", b"/Root 1 0 R /Encrypt 4 0 R /ID [<" + b"00" * 16 + b"> <" + b"00" * 16 + b">] >>"
    )


def _one_page(stream: bytes) -> bytes:
    return pdf._assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    )
