"""Folders that are there as a whole or not at all, and made by one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".unfinished-"


@contextmanager
def folder(target: Path) -> Iterator[Path]:
    """Yield a new folder that becomes ``target`` when the block ends well, and vanishes when it doesn't.

    An older ``target`` is replaced. What a killed process leaves behind is removed by ``alone``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=target.parent))
    try:
        yield new
        new.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        new.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def alone(directory: Path, report: Callable[[str], None], what: str) -> Iterator[None]:
    """Hold the lock of ``directory``, and clear away what a killed holder left unfinished in it.

    The kernel lets go of the lock when its holder dies, however it dies.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            report(f"Waiting: process {lock.read().strip() or 'unknown'} is at {what}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        for left in (*directory.glob(f"{UNFINISHED}*"), *directory.glob(f"*/{UNFINISHED}*")):
            shutil.rmtree(left, ignore_errors=True)
        yield
