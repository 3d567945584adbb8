"""The child that reads one PDF: ``python -m neurocore_app.extract_child FILE MAX_PAGES MEMORY_MB``.

Writes one JSON object a line to stdout: ``{"pages": n}``, then for each page ``{"page", "text", "objects"}``, and
``{"end": true}``; or ``{"error": code}``. A crash is an end without ``end``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

# Characters of one page; a page of a textbook has some 5,000.
PAGE_LIMIT = 200_000


def main(path: str, max_pages: int, memory_mb: int) -> None:
    """Read ``path`` and report each page."""
    limit = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # When the container's memory ends all the same, this process goes, not the worker.
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")

    import pypdfium2 as pdfium  # noqa: PLC0415 - after the limits
    from pypdfium2 import raw  # noqa: PLC0415

    try:
        document = pdfium.PdfDocument(path)
        count = len(document)
    except pdfium.PdfiumError as error:
        # A document of no pages is refused too, with "no error" as the reason.
        known = {raw.FPDF_ERR_PASSWORD: "encrypted", raw.FPDF_ERR_SECURITY: "encrypted", raw.FPDF_ERR_SUCCESS: "empty"}
        say(error=known.get(error.err_code, "damaged"))
        return
    if count > max_pages:
        say(error="too_many_pages")
        return
    say(pages=count)
    unreadable = 0
    for index in range(count):
        try:
            page = document[index]
            text_page = page.get_textpage()
            text = text_page.get_text_bounded()[:PAGE_LIMIT]
            objects = raw.FPDFPage_CountObjects(page)
            text_page.close()
            page.close()
        except pdfium.PdfiumError:
            unreadable += 1
            text, objects = "", 0
        say(page=index + 1, text=text, objects=max(objects, 0))
    if count and unreadable == count:
        say(error="damaged")
    else:
        say(end=True)


def say(**message: object) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
