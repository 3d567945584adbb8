"""Measures what an operator waits for. Figures for people to read: medians, on the machine they name."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable

from operate.errors import UserError
from operate.progress import Progress
from operate.session import open_session


def bench(stack: str, rounds: int) -> int:
    """Time updates without changes and previews of a running stack, and add up its memory at rest."""
    session = open_session(stack, report=print)
    if not session.stack.exists():
        raise UserError(f"Stack {stack} isn't up.", next_step=f"./neurocore up --stack {stack}")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {rounds} rounds, medians (min-max) in seconds")

    def update() -> None:
        progress = Progress()
        session.stack.up(progress)
        changed = {op: n for op, n in progress.changes.items() if op != "same"}
        if changed:
            raise UserError(f"An update that should change nothing did: {changed}", next_step="run bench again")

    _time("up without changes", update, rounds)
    _time("preview", lambda: _quiet_preview(session), rounds)
    names = [c["name"] for s in session.stack.outputs()["services"].values() for c in s["containers"]]
    used = subprocess.run(
        [
            "docker",
            "--host",
            session.settings.host.docker,
            "stats",
            "--no-stream",
            "--format",
            "{{.MemUsage}}",
            *names,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    print(f"memory of {len(names)} containers: {sum(_mib(line.split('/')[0].strip()) for line in used):.0f} MiB")
    return 0


def _quiet_preview(session) -> None:
    session.stack.stack.preview()


def _time(what: str, action: Callable[[], object], rounds: int) -> None:
    action()  # warm
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    print(f"{what}: {statistics.median(seconds):.1f} ({min(seconds):.1f}-{max(seconds):.1f})")


def _mib(text: str) -> float:
    """docker stats' "12.3MiB" in MiB."""
    for unit, factor in (("KiB", 1 / 1024), ("MiB", 1), ("GiB", 1024), ("B", 1 / 2**20)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(f"docker stats printed an unknown unit: {text}")
