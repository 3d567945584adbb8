"""The application is imported from beside its tests, and each test leaves the logs as it found them."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent.parent))


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """What ``logs.configure`` changes in the process is put back."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    yield
    root.handlers[:], (sys.excepthook, threading.excepthook) = handlers, hooks
    root.setLevel(level)
    structlog.reset_defaults()
