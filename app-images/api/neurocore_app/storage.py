"""Uploaded files on disk: named by the SHA-256 of their content, written once, never changed.

``pdfs/<first two digits>/<sha256>.pdf`` below the data directory; ``pdfs/.tmp`` holds uploads that are still
arriving, on the same file system, so that a rename makes a file appear whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from pathlib import Path

PDF_MARK = b"%PDF-"
# PDF 1.7 readers accept the mark anywhere in the first 1024 bytes (ISO 32000-1, annex H.3, note 13).
PDF_MARK_WITHIN = 1024


class TooLargeError(Exception):
    """More bytes arrived than are accepted."""


class NotAPdfError(Exception):
    """The content doesn't begin like a PDF."""


class Storage:
    """The files below ``root`` (the data directory's ``pdfs``)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.temporary = root / ".tmp"

    def path(self, sha256: str) -> Path:
        """Where the content with this digest is, or would be."""
        return self.root / sha256[:2] / f"{sha256}.pdf"

    def incoming(self, max_bytes: int) -> Incoming:
        """Begin to receive a file of at most ``max_bytes``."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        return Incoming(self, max_bytes)

    def keep(self, arrived: Incoming) -> None:
        """Give a received file its place; content that is there already stays as it is."""
        target = self.path(arrived.sha256)
        if target.exists() and target.stat().st_size == arrived.size:
            arrived.discard()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        arrived.path.replace(target)
        _sync_directory(target.parent)

    def remove(self, sha256: str) -> None:
        """Remove content; nothing happens when it isn't there."""
        self.path(sha256).unlink(missing_ok=True)

    def remove_abandoned(self, older_than_s: float) -> int:
        """Remove uploads that stopped arriving (a crash) ``older_than_s`` seconds ago; returns how many."""
        removed = 0
        for path in self.temporary.glob("*"):
            try:
                if time.time() - path.stat().st_mtime > older_than_s:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # it arrived, or another sweep took it
        return removed

    def check_writable(self) -> None:
        """Write, flush and remove a small file; raises OSError when that fails."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        path = self.temporary / f"check-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            with path.open("wb") as file:
                file.write(b"neurocore")
                file.flush()
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)


class Incoming:
    """A file on its way in: counted, hashed and checked as it arrives. Close or discard it in the end."""

    def __init__(self, storage: Storage, max_bytes: int) -> None:
        self.path = storage.temporary / secrets.token_hex(16)
        self.size = 0
        self._max_bytes = max_bytes
        self._digest = hashlib.sha256()
        self._head = b""
        self._file = self.path.open("xb")

    @property
    def sha256(self) -> str:
        """The digest of what has arrived, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Take the next bytes; raises TooLargeError or NotAPdfError as soon as that is clear, and OSError."""
        self.size += len(data)
        if self.size > self._max_bytes:
            raise TooLargeError
        if len(self._head) < PDF_MARK_WITHIN:
            self._head = (self._head + data)[:PDF_MARK_WITHIN]
            if len(self._head) == PDF_MARK_WITHIN:
                self._check_mark()
        self._digest.update(data)
        self._file.write(data)

    def finish(self) -> None:
        """All has arrived: check it and put it on disk for good; raises NotAPdfError and OSError."""
        self._check_mark()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Forget what has arrived; harmless after it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _check_mark(self) -> None:
        if PDF_MARK not in self._head:
            raise NotAPdfError


def _sync_directory(path: Path) -> None:
    """A rename is durable only when its directory is."""
    for directory in (path, path.parent):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
