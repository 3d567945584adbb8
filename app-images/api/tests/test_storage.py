"""Files appear whole under the name of their content, or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import files
import pytest

from neurocore_app.storage import NotAPdfError, Storage, TooLargeError


def arrive(storage: Storage, content: bytes, *, piece: int = 7, max_bytes: int = 10_000) -> str:
    arrived = storage.incoming(max_bytes)
    try:
        for start in range(0, len(content), piece):
            arrived.write(content[start : start + piece])
        arrived.finish()
        storage.keep(arrived)
        return arrived.sha256
    finally:
        arrived.discard()


def left_over(storage: Storage) -> list[Path]:
    return list(storage.temporary.iterdir())


def test_content_is_kept_under_its_digest(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    digest = arrive(storage, files.text())
    assert digest == hashlib.sha256(files.text()).hexdigest()
    assert storage.path(digest) == tmp_path / digest[:2] / f"{digest}.pdf"
    assert storage.path(digest).read_bytes() == files.text()
    assert left_over(storage) == []


def test_content_that_is_there_is_left_alone(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    inode = storage.path(arrive(storage, files.text())).stat().st_ino
    assert storage.path(arrive(storage, files.text())).stat().st_ino == inode
    assert left_over(storage) == []


def test_what_is_too_large_is_refused_while_it_arrives(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    with pytest.raises(TooLargeError):
        arrive(storage, b"%PDF-1.4" + b"x" * 1000, max_bytes=1000)
    assert left_over(storage) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 1024 + b"%PDF-1.4", b"x" * 5000])
def test_what_is_not_a_pdf_is_refused(tmp_path: Path, content: bytes) -> None:
    storage = Storage(tmp_path)
    with pytest.raises(NotAPdfError):
        arrive(storage, content)
    assert left_over(storage) == []


def test_the_mark_may_stand_within_the_first_kilobyte(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    assert storage.path(arrive(storage, b"\n" * 1019 + b"%PDF-" + b"x" * 1000)).exists()


def test_uploads_that_broke_off_are_collected_later(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    old, new = storage.incoming(10), storage.incoming(10)
    yesterday = time.time() - 86400
    os.utime(old.path, (yesterday, yesterday))
    assert storage.remove_abandoned(3600) == 1
    assert left_over(storage) == [new.path]
    new.discard()
