"""Every kind of file ends in text or in a clear reason; nothing that a file does to its reader reaches us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import files
import pytest

from neurocore_app import extraction


def read(tmp_path: Path, content: bytes, **limits: float) -> list[tuple[int, str]]:
    path = tmp_path / "file.pdf"
    path.write_bytes(content)
    return list(extraction.pages(path, max_pages=10, **limits))


def test_text_comes_with_page_numbers(tmp_path: Path) -> None:
    pages = read(tmp_path, files.text())
    assert [number for number, _ in pages] == [1, 2]
    assert " ".join(pages[0][1].split()) == files.TEXT
    assert "glioma" in pages[1][1]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (files.damaged(), "damaged"),
        (b"%PDF-1.4\n", "damaged"),
        (files.encrypted(), "encrypted"),
        (files.blank(), "empty"),
        (files.no_pages(), "empty"),
        (files.image_only(), "no_text"),
    ],
    ids=["damaged", "only the mark", "encrypted", "blank", "no pages", "image only"],
)
def test_each_unreadable_file_has_its_reason(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(extraction.ExtractionError) as caught:
        read(tmp_path, content)
    assert caught.value.code == code
    assert caught.value.message == extraction.MESSAGES[code]


def test_a_truncated_file_never_becomes_a_ready_document_without_text(tmp_path: Path) -> None:
    with pytest.raises(extraction.ExtractionError) as caught:
        read(tmp_path, files.truncated())
    assert caught.value.code in ("damaged", "empty")


def test_too_many_pages_are_refused_before_any_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(files.text())
    with pytest.raises(extraction.ExtractionError) as caught:
        next(extraction.pages(path, max_pages=1))
    assert caught.value.code == "too_many_pages"


def test_our_own_missing_file_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(extraction.pages(tmp_path / "gone.pdf", max_pages=10))


def child_that(monkeypatch: pytest.MonkeyPatch, code: str) -> list[int]:
    """Let the reader be a program that misbehaves; returns where its process ids will be."""
    started: list[int] = []
    popen = subprocess.Popen

    def start(_command: list[str], **arguments: object) -> subprocess.Popen[bytes]:
        process = popen([sys.executable, "-c", code], **arguments)  # type: ignore[call-overload]
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", start)
    return started


def test_a_reader_that_crashes_means_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_that(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(extraction.ExtractionError) as caught:
        read(tmp_path, files.text())
    assert caught.value.code == "damaged"
    assert "-11" in caught.value.detail


def test_a_reader_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = child_that(monkeypatch, "import time; time.sleep(600)")
    begun = time.monotonic()
    with pytest.raises(extraction.ExtractionError) as caught:
        read(tmp_path, files.text(), stall_s=0.3)
    assert caught.value.code == "damaged"
    assert time.monotonic() - begun < 10
    assert not Path(f"/proc/{started[0]}").exists()


def test_a_stopped_reader_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = child_that(monkeypatch, "import time\nwhile True: print('{}', flush=True); time.sleep(0.05)")

    def stop_it() -> None:
        while not started:
            time.sleep(0.01)
        os.kill(started[0], signal.SIGSTOP)

    threading.Thread(target=stop_it).start()
    with pytest.raises(extraction.ExtractionError):
        read(tmp_path, files.text(), stall_s=0.5)
    assert not Path(f"/proc/{started[0]}").exists()


def test_a_reader_that_never_ends_is_killed_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child_that(monkeypatch, "import time\nwhile True: print('{}', flush=True); time.sleep(0.01)")
    with pytest.raises(extraction.ExtractionError):
        read(tmp_path, files.text(), deadline_s=0.5)


def test_the_reader_gets_no_more_memory_than_it_may_have(tmp_path: Path) -> None:
    # 20 MB are too few for Python and PDFium: the child dies, and that is told as a state, not as an exception of ours.
    with pytest.raises(extraction.ExtractionError) as caught:
        read(tmp_path, files.text(), memory_mb=20)
    assert caught.value.code == "damaged"


def test_the_reader_sees_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORE_CANARY", "secret")
    seen: dict[str, str] = {}
    popen = subprocess.Popen

    def start(command: list[str], **arguments: object) -> subprocess.Popen[bytes]:
        seen.update(arguments["env"])  # type: ignore[call-overload]
        return popen(command, **arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", start)
    read(tmp_path, files.text())
    assert set(seen) == {"PATH", "PYTHONPATH"}
