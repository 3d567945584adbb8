"""What a person sees while a command works: one line a step, with its time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pulumi.automation import EngineEvent, OpType
from rich.console import Console

VERBS = {
    OpType.CREATE: ("creating", "created"),
    OpType.UPDATE: ("updating", "updated"),
    OpType.DELETE: ("deleting", "deleted"),
    OpType.CREATE_REPLACEMENT: ("creating the new", "created the new"),
    OpType.DELETE_REPLACED: ("deleting the old", "deleted the old"),
    OpType.READ: ("reading", "read"),
}
# Types whose steps say nothing to an operator: groupings, the engine's own, and generated values.
QUIET = ("pulumi:", "neurocore:", "random:")


# Columns of what is printed into a file or a pipe, where nothing needs to be cut.
WIDTH_OF_A_FILE = 160


def terminal() -> Console:
    """Standard output."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)


class Progress:
    """Prints sentences, and the steps of an update as they end."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or terminal()
        self._started: dict[str, float] = {}
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.changes: dict[str, int] = {}

    def say(self, sentence: str) -> None:
        self.console.print(sentence, markup=False)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A titled part of a command; says how long it took."""
        started = time.monotonic()
        self.console.print(f"[bold]{title}[/bold]")
        yield
        self.console.print(f"  [dim]done in {time.monotonic() - started:.1f} s[/dim]")

    def on_event(self, event: EngineEvent) -> None:
        """Take an event of the engine."""
        if event.resource_pre_event:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._end(event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            metadata = event.res_op_failed_event.metadata
            self.console.print(f"  [red]failed[/red] {_name(metadata.urn)}")
        elif event.diagnostic_event:
            self._diagnose(event.diagnostic_event.severity, event.diagnostic_event.message, event.diagnostic_event.urn)
        elif event.summary_event:
            self.changes = {str(op): count for op, count in event.summary_event.resource_changes.items()}

    def _begin(self, metadata) -> None:
        if metadata.op in VERBS and not metadata.type.startswith(QUIET):
            self._started[metadata.urn + metadata.op] = time.monotonic()

    def _end(self, metadata) -> None:
        started = self._started.pop(metadata.urn + metadata.op, None)
        if started is not None:
            took = time.monotonic() - started
            self.console.print(f"  {VERBS[metadata.op][1]} {_name(metadata.urn)} [dim]({took:.1f} s)[/dim]")

    def _diagnose(self, severity: str, message: str, urn: str | None) -> None:
        text = message.strip()
        if not text:
            return
        if severity == "error":
            self.errors.append(f"{_name(urn)}: {text}" if urn else text)
        elif severity == "warning":
            self.warnings.append(text)


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
