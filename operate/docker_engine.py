"""The Docker Engine of this machine: found, or installed and started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from operate import packages
from operate.errors import UserError

# Below 20.10 there is no BuildKit that reads build secrets, and no cgroup v2.
FLOOR = (20, 10)
START_TIMEOUT_S = 60
PACKAGE = "docker.io"


@dataclass(frozen=True)
class Engine:
    """What the engine says of itself; memory in MiB."""

    version: str
    memory_mb: int
    cpus: int


def find(address: str) -> Engine | None:
    """Ask the engine at ``address``; None when nothing answers there (or the docker command is missing)."""
    if shutil.which("docker") is None:
        return None
    asked = subprocess.run(
        ["docker", "--host", address, "info", "--format", "{{json .}}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if asked.returncode != 0 or not asked.stdout.strip():
        return None
    info = json.loads(asked.stdout)
    if not info.get("ServerVersion"):
        return None
    return Engine(info["ServerVersion"], info["MemTotal"] // 2**20, info["NCPU"])


def ensure(address: str, report: Callable[[str], None]) -> Engine:
    """The engine at ``address``, installed and started first where that can be done.

    Raises:
        UserError: with the exact instruction where it can't, or when the engine is too old.
    """
    engine = find(address)
    if engine is None:
        if not address.startswith("unix://"):
            raise UserError(
                f"No Docker Engine answers at {address}.",
                next_step="start it, or correct neurocore:host.docker",
            )
        _install(address, report)
        _start(address, report)
        engine = find(address)
    if engine is None:
        raise UserError(
            f"The Docker Engine at {address} stopped answering.", next_step="docker info; then run this again"
        )
    if tuple(int(part) for part in engine.version.split("+")[0].split(".")[:2]) < FLOOR:
        floor = ".".join(str(part) for part in FLOOR)
        raise UserError(
            f"The Docker Engine here is {engine.version}; {floor} is the oldest that works.",
            next_step="upgrade Docker, then run this again",
        )
    return engine


def _install(address: str, report: Callable[[str], None]) -> None:
    if shutil.which("docker") is None and Path(address.removeprefix("unix://")).exists():
        raise UserError(
            "Docker's engine is on this machine, but not its command line.",
            next_step="install the docker command (Debian, Ubuntu: apt-get install docker.io, or docker-ce-cli)",
        )
    if shutil.which("dockerd") is None or shutil.which("docker") is None:
        packages.install(PACKAGE, "iptables", why="Docker is not on this machine", report=report)


def _start(address: str, report: Callable[[str], None]) -> None:
    if os.geteuid() != 0:
        raise UserError(
            f"The Docker Engine at {address} doesn't answer, or this user may not ask it.",
            next_step="sudo systemctl start docker; and sudo usermod -aG docker $USER, then log in again",
        )
    if Path("/run/systemd/system").is_dir():
        report("Starting Docker")
        subprocess.run(["systemctl", "start", "docker"], check=False)
        log = "journalctl -u docker"
    else:
        log = "/var/log/dockerd.log"
        report(f"Starting Docker (no systemd here: in the background, its log is {log})")
        with Path(log).open("ab") as output:
            # Its own session: it must outlive this command and its terminal.
            subprocess.Popen(
                ["dockerd", "--host", address],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
    deadline = time.monotonic() + START_TIMEOUT_S
    while find(address) is None:
        if time.monotonic() > deadline:
            raise UserError(
                f"Docker didn't answer within {START_TIMEOUT_S} s.",
                where=log,
                next_step="read the end of that log",
            )
        time.sleep(0.3)
