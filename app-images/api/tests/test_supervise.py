"""PID 1: it ends with its program, stops it gently, and kills what hangs."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neurocore_app import supervise

ROOT = Path(__file__).parent.parent

# A program that touches its heartbeat ten times a second, and ends with 0 when asked to.
BEATING = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    pathlib.Path({heartbeat!r}).touch()
    time.sleep(0.1)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Running:
    """A supervisor in a process of its own."""

    def __init__(self, code: str, **options: object) -> None:
        command = supervise.command_line(
            supervise.Options("test", [sys.executable, "-c", code], **options)  # type: ignore[arg-type]
        )
        self.process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
        )

    @property
    def program(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        wait_for(lambda: bool(children.read_text().split()))
        return int(children.read_text().split()[0])

    def end(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=20)
        return self.process.returncode, out


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def run(code: str, **options: object) -> Running:
        started.append(Running(code, **options))
        return started[-1]

    yield run
    for running in started:
        running.process.kill()
        running.process.wait()


@pytest.mark.parametrize("code", [0, 3])
def test_the_programs_exit_code_is_passed_on(start: Callable[..., Running], code: int) -> None:
    assert start(f"raise SystemExit({code})").end()[0] == code


def test_a_program_that_is_killed_is_told_as_shells_do(start: Callable[..., Running]) -> None:
    assert start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").end()[0] == 137


def test_sigterm_drains_first_and_stops_then(start: Callable[..., Running], tmp_path: Path) -> None:
    heartbeat, drain = tmp_path / "heartbeat", tmp_path / "draining"
    running = start(BEATING.format(heartbeat=str(heartbeat)), heartbeat=heartbeat, drain_file=drain, drain_s=0.6)
    wait_for(heartbeat.exists)
    program = running.program
    asked = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    wait_for(drain.exists, 0.5)
    os.kill(program, 0)  # it serves on
    code, out = running.end()
    assert code == 0
    assert 0.6 <= time.monotonic() - asked < 5
    assert "serving on while not ready" in out


def test_a_program_that_heeds_no_sigterm_is_killed_after_its_grace(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    code = "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    running = start(code + f"pathlib.Path({str(ready)!r}).touch(); time.sleep(600)", grace_s=0.5)
    wait_for(ready.exists)
    program = running.program
    running.process.send_signal(signal.SIGTERM)
    code, out = running.end()
    assert code == 137
    assert "did not stop in time" in out
    assert not Path(f"/proc/{program}").exists()


def test_a_program_without_a_handler_for_sigterm_has_stopped_as_asked(start: Callable[..., Running]) -> None:
    running = start("import time; time.sleep(600)")
    assert running.program
    running.process.send_signal(signal.SIGTERM)
    assert running.end()[0] == 0


def test_a_stopped_program_is_killed_and_the_exit_code_says_so(start: Callable[..., Running], tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    running = start(BEATING.format(heartbeat=str(heartbeat)), heartbeat=heartbeat, stale_s=0.8)
    wait_for(heartbeat.exists)
    program = running.program
    os.kill(program, signal.SIGSTOP)
    code, out = running.end()
    assert code == supervise.EXIT_HUNG
    assert "the program hangs" in out
    assert not Path(f"/proc/{program}").exists()


def test_a_program_that_never_begins_to_beat_is_killed(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("import time; time.sleep(600)", heartbeat=tmp_path / "heartbeat", boot_s=0.5)
    assert running.end()[0] == supervise.EXIT_HUNG


def test_a_heartbeat_of_a_previous_life_does_not_count(start: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "heartbeat").touch()
    (tmp_path / "draining").touch()
    running = start(
        "import time; time.sleep(600)", heartbeat=tmp_path / "heartbeat", drain_file=tmp_path / "draining", boot_s=1
    )
    wait_for(lambda: not (tmp_path / "draining").exists())
    assert running.end()[0] == supervise.EXIT_HUNG


# Each beat says "1970": its age is half a century, but it changes.
CLOCK_IS_WRONG = """
import os, pathlib, time
heartbeat = pathlib.Path({heartbeat!r})
for beat in range(25):
    heartbeat.touch()
    os.utime(heartbeat, (beat, beat))
    time.sleep(0.1)
"""


def test_a_step_of_the_clock_kills_nobody(start: Callable[..., Running], tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    running = start(CLOCK_IS_WRONG.format(heartbeat=str(heartbeat)), heartbeat=heartbeat, stale_s=0.8)
    assert running.end()[0] == 0


def test_a_server_that_does_not_answer_is_killed(start: Callable[..., Running]) -> None:
    # It listens (so connecting works) and says nothing.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}/healthcheck"
        running = start("import time; time.sleep(600)", probe=address, boot_s=0.5, stale_s=0.5)
        assert running.end()[0] == supervise.EXIT_HUNG


def test_a_server_that_answers_is_left_alone(start: Callable[..., Running]) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}/healthcheck"
        # Ill, says its answer, but alive: whether it is well is asked by others.
        running = start(
            "import time; time.sleep(1.5)", probe=address, boot_s=0.5, stale_s=0.8 + supervise.PROBE_EVERY_S
        )
        assert running.end()[0] == 0
        server.shutdown()


def test_orphans_are_reaped_and_helpers_go_with_the_program(start: Callable[..., Running], tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        "import pathlib, subprocess, sys, time\n"
        "helper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(helper.pid))\n"
    )
    running = start(code)
    assert running.end()[0] == 0
    helper = Path(f"/proc/{pid_file.read_text()}")
    wait_for(lambda: not helper.exists() or "\nState:\tZ" in (helper / "status").read_text())
