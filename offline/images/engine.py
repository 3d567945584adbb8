"""The Docker command line, and child processes that don't outlive an interrupted build."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from operate.errors import UserError

TAIL_LINES = 20
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Children:
    """The processes a build has started: each writes to a log, and all are ended together."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, what: str, command: Sequence[str], *, log: Path, next_step: str = "") -> None:
        """Run `command` with its output appended to `log`; UserError with the log's tail when it fails."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            output.write(f"\n$ {' '.join(command)}\n".encode())
            output.flush()
            with self._lock:
                if self._stopped:
                    raise UserError(f"{what} was stopped.")
                # The classic builder: it is in every engine this runs on, and wants no plugin beside the client.
                child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=os.environ | {"DOCKER_BUILDKIT": "0", "LC_ALL": "C.UTF-8"},
                )
                self._running.add(child)
            try:
                code = child.wait()
            finally:
                with self._lock:
                    self._running.discard(child)
        if code != 0:
            if self._stopped:
                raise UserError(f"{what} was stopped.", where=str(log))
            raise UserError(
                f"{what} failed (exit code {code}). The end of its output:\n{tail(log)}",
                where=str(log),
                next_step=next_step or "Read the whole log; repeating the command continues where it stopped.",
            )

    def stop(self, grace_s: float = 20) -> None:
        """End what still runs: politely (mmdebstrap then takes down its mounts), after `grace_s` for good."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for child in running:
            child.terminate()
        deadline = time.monotonic() + grace_s
        for child in running:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, without the colours that Docker gives them."""
    return "\n".join(_COLOUR.sub("", log.read_text(errors="replace")).splitlines()[-lines:])


def docker(*arguments: str) -> str:
    """Standard output of a docker command. UserError with what it said when it fails."""
    result = query(*arguments)
    if result.returncode != 0:
        raise UserError(f"`docker {' '.join(arguments[:2])}` failed: {result.stderr.strip()}")
    return result.stdout


def query(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A docker command whose failure is an answer (does it exist?). UserError when Docker isn't there at all."""
    try:
        result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UserError("The docker command is not installed.", next_step="./neurocore doctor") from error
    if result.returncode != 0 and "Cannot connect to the Docker daemon" in result.stderr:
        raise UserError("Docker is installed but not running.", next_step="./neurocore doctor")
    if result.returncode != 0 and "permission denied" in result.stderr and "docker.sock" in result.stderr:
        raise UserError(
            "Docker refuses this user.",
            where="the Docker socket",
            next_step="Add the user to the group docker (sudo usermod -aG docker $USER) and log in again.",
        )
    return result
