"""PID 1 of every long-running container: starts one program, watches that it lives, and ends with it.

``python -m neurocore_app.supervise [options] -- PROGRAM ARGUMENT...``

Docker restarts a container that ends and leaves alone one that hangs. So the program proves that its main loop turns,
by touching a heartbeat file or by answering HTTP; when it stops doing so it is killed and this process ends with
EXIT_HUNG, upon which Docker starts the container anew. On SIGTERM the drain file is made first (readiness fails from
then on), the program serves on for the drain time, and only then is asked to stop. Orphans are reaped. Standard
library only: this process must stay small.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from neurocore_app import logfmt

# sysexits.h: EX_SOFTWARE.
EXIT_HUNG = 70
TICK_S = 0.25
PROBE_EVERY_S = 5.0
PROBE_TIMEOUT_S = 2.0
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


@dataclass(frozen=True)
class Options:
    """What is run and how long things may take, in seconds."""

    name: str
    command: Sequence[str]
    heartbeat: Path | None = None
    probe: str | None = None
    boot_s: float = 60
    stale_s: float = 15
    drain_file: Path | None = None
    drain_s: float = 0
    grace_s: float = 30


class Supervisor:
    """One program and what became of it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._status: int | None = None
        self._stopping = False

    def run(self) -> int:
        """Run the program to its end; returns the exit code for this process."""
        options = self._options
        for left_over in (options.heartbeat, options.drain_file):
            if left_over:
                left_over.parent.mkdir(parents=True, exist_ok=True)
                left_over.unlink(missing_ok=True)
        # Blocked, and taken one by one below: no handler, no race.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self._process = subprocess.Popen(
            options.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, ()),  # noqa: PLW1509 - no thread here
        )
        alive = self._liveness()
        while self._status is None:
            received = signal.sigtimedwait(_SIGNALS, TICK_S)
            self._reap()
            if self._status is not None:
                break
            if received and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                return self._stop()
            if not alive():
                _log("critical", "the program hangs: killed, to be started anew", name=options.name)
                self._kill()
                return EXIT_HUNG
        code = _exit_code(self._status)
        _log("error" if code else "warning", "the program ended by itself", name=options.name, exit_code=code)
        self._kill_group()
        return code

    def _stop(self) -> int:
        options = self._options
        self._stopping = True
        if options.drain_file:
            options.drain_file.touch()
            _log("info", "stopping: serving on while not ready", name=options.name, seconds=options.drain_s)
            self._wait(options.drain_s)
        if self._status is None:
            self._signal(signal.SIGTERM)
            self._wait(options.grace_s)
        if self._status is None:
            _log("error", "the program did not stop in time: killed", name=options.name, seconds=options.grace_s)
            self._kill()
            return 128 + signal.SIGKILL
        code = _exit_code(self._status)
        self._kill_group()
        # It did what it was asked for.
        return 0 if code == 128 + signal.SIGTERM else code

    def _wait(self, seconds: float) -> None:
        """Until the program has ended, or for ``seconds``."""
        deadline = time.monotonic() + seconds
        while self._status is None and (left := deadline - time.monotonic()) > 0:
            signal.sigtimedwait({signal.SIGCHLD}, min(left, TICK_S))
            self._reap()

    def _reap(self) -> None:
        """Collect every ended child: ours, and orphans that were handed to PID 1."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._process and pid == self._process.pid:
                self._status = status

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, number)  # type: ignore[union-attr]

    def _kill(self) -> None:
        """SIGKILL to all of the program's processes (a stopped one heeds nothing else); waits for the first one's end."""
        self._kill_group()
        while self._status is None:
            signal.sigtimedwait({signal.SIGCHLD}, TICK_S)
            self._reap()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # type: ignore[union-attr]

    def _liveness(self) -> Callable[[], bool]:
        options = self._options
        started = time.monotonic()
        if options.heartbeat:
            file = options.heartbeat

            last_beat: int | None = None
            last_change = started

            def beats() -> bool:
                # By change, not by age: a step of the machine's clock is no sign of anything.
                nonlocal last_beat, last_change
                now = time.monotonic()
                with contextlib.suppress(FileNotFoundError):
                    beat = file.stat().st_mtime_ns
                    if beat != last_beat:
                        last_beat, last_change = beat, now
                return now - last_change < (options.boot_s if last_beat is None else options.stale_s)

            return beats
        if options.probe:
            host, _, rest = options.probe.partition(":")
            port, _, path = rest.partition("/")
            last = started + options.boot_s - options.stale_s
            next_probe = started

            def answers() -> bool:
                nonlocal last, next_probe
                now = time.monotonic()
                if now >= next_probe:
                    next_probe = now + PROBE_EVERY_S
                    if _answers(host, int(port), "/" + path):
                        last = max(last, now)
                return now - last < options.stale_s

            return answers
        return lambda: True


def _answers(host: str, port: int, path: str) -> bool:
    """Whether an HTTP server answers at all: what it says is health's matter, not liveness's."""
    try:
        with socket.create_connection((host, port), PROBE_TIMEOUT_S) as connection:
            connection.settimeout(PROBE_TIMEOUT_S)
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            return connection.recv(16).startswith(b"HTTP/")
    except OSError:
        return False


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _log(level: str, message: str, **values: object) -> None:
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    sys.stdout.write(
        logfmt.render({"time": now, "level": level, "msg": message, **values, "service": "supervisor"}) + "\n"
    )
    sys.stdout.flush()


def command_line(options: Options) -> list[str]:
    """The arguments that make ``main`` run these options."""
    words = [sys.executable, "-m", "neurocore_app.supervise", "--name", options.name]
    for flag, value in (
        ("--heartbeat", options.heartbeat),
        ("--probe", options.probe),
        ("--boot-s", options.boot_s),
        ("--stale-s", options.stale_s),
        ("--drain-file", options.drain_file),
        ("--drain-s", options.drain_s),
        ("--grace-s", options.grace_s),
    ):
        if value is not None:
            words += [flag, str(value)]
    return [*words, "--", *options.command]


def main(arguments: Sequence[str]) -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(prog="neurocore_app.supervise", description="Run and watch one program.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--heartbeat", type=Path)
    parser.add_argument("--probe", metavar="HOST:PORT/PATH")
    parser.add_argument("--boot-s", type=float, default=60)
    parser.add_argument("--stale-s", type=float, default=15)
    parser.add_argument("--drain-file", type=Path)
    parser.add_argument("--drain-s", type=float, default=0)
    parser.add_argument("--grace-s", type=float, default=30)
    parser.add_argument("command", nargs="+")
    return Supervisor(Options(**vars(parser.parse_args(arguments)))).run()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
