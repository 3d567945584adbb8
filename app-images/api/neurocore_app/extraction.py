"""Text of a PDF, read in a process of its own.

A PDF comes from outside and PDFium is written in C++: a file can crash its reader, make it eat memory or never end.
So it is read by a child (extract_child.py) with limits on memory and time and no secrets; whatever it does, the
worker lives on and the document ends in a clear state.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Without a page for this long, or not done after that: the child is killed.
STALL_S = 60
DEADLINE_S = 900
MEMORY_MB = 640

MESSAGES = {
    "encrypted": "The PDF is protected by a password. Upload a copy without one.",
    "damaged": "The file is damaged and cannot be read as a PDF.",
    "empty": "The PDF has no content.",
    "no_text": "The PDF holds images without text. Run text recognition (OCR) on it and upload the result.",
    "too_many_pages": "The PDF has more pages than this system accepts.",
    "internal": "The document could not be read because of a fault in this system. Upload it again to retry.",
}


class ExtractionError(Exception):
    """The document has no readable text; ``code`` is one of MESSAGES."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = MESSAGES[code]
        # For the log: never text of the document.
        self.detail = detail


def pages(
    path: Path, *, max_pages: int, stall_s: float = STALL_S, deadline_s: float = DEADLINE_S, memory_mb: int = MEMORY_MB
) -> Iterator[tuple[int, str]]:
    """``(page number from 1, text)`` of every page; raises ExtractionError, at the latest after the last page.

    FileNotFoundError means that our own file is gone.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    letters = content = count = 0
    with _child(path, max_pages, memory_mb) as process:
        ended = False
        for message in _messages(process, stall_s, deadline_s):
            if "error" in message:
                raise ExtractionError(message["error"])
            if "pages" in message:
                count = message["pages"]
            elif "page" in message:
                letters += sum(character.isalnum() for character in message["text"])
                content += message["objects"]
                yield message["page"], message["text"]
            elif message.get("end"):
                ended = True
        if not ended:
            raise ExtractionError("damaged", f"the reader ended with exit code {process.wait(10)}")
    if letters == 0:
        raise ExtractionError("no_text" if count and content else "empty")


@contextmanager
def _child(path: Path, max_pages: int, memory_mb: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(__file__).parent.parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", "neurocore_app.extract_child", str(path), str(max_pages), str(memory_mb)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        # SIGKILL: it also ends a stopped process, and there is nothing to tidy up.
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def _messages(process: subprocess.Popen[bytes], stall_s: float, deadline_s: float) -> Iterator[dict[str, Any]]:
    output = process.stdout
    assert output is not None  # noqa: S101 - it is a pipe
    end = time.monotonic() + deadline_s
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            wait = min(stall_s, end - time.monotonic())
            if wait <= 0 or not selector.select(wait):
                raise ExtractionError("damaged", "the reader made no progress and was killed")
            data = os.read(output.fileno(), 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield json.loads(line)
