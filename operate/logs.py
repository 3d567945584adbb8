"""A service's logs, of all its instances."""

from __future__ import annotations

import subprocess
import threading
from typing import IO

from operate.errors import UserError
from operate.session import Session


def logs(session: Session, service: str, *, follow: bool, since: str, grep: str) -> int:
    """Print the lines of all containers of ``service`` that Docker still has, old generations included.

    Without ``follow`` the lines of all instances are sorted by their time; with it they come as they are written.
    """
    docker = ["docker", "--host", session.settings.host.docker]
    names = subprocess.run(
        [
            *docker,
            "ps",
            "--all",
            "--format",
            "{{.Names}}",
            "--filter",
            f"label=neurocore.stack={session.settings.stack}",
            "--filter",
            f"label=neurocore.service={service}",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if not names:
        services = ", ".join(session.stack.outputs()["services"])
        raise UserError(f"There is no container of a service {service!r}.", next_step=f"choose one of {services}")
    command = [*docker, "logs", "--timestamps", "--since", since]
    if follow:
        _follow([[*command, "--follow", name] for name in names], names, grep)
        return 0
    lines = []
    for name in names:
        said = subprocess.run(
            [*command, name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if said.returncode != 0:
            raise UserError(f"Docker has no logs of {name}: {said.stdout.strip()}")
        lines += [(line, name) for line in said.stdout.splitlines()]
    for line, name in sorted(lines):
        _show(line, name, names, grep)
    return 0


def _follow(commands: list[list[str]], names: list[str], grep: str) -> None:
    def pump(stream: IO[str], name: str) -> None:
        for line in stream:
            _show(line.rstrip("\n"), name, names, grep)

    followers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        for command in commands
    ]
    pumps = [
        threading.Thread(target=pump, args=(follower.stdout, name), daemon=True)
        for follower, name in zip(followers, names, strict=True)
    ]
    try:
        for thread in pumps:
            thread.start()
        for thread in pumps:
            thread.join()
    finally:
        for follower in followers:
            follower.terminate()


def _show(line: str, name: str, names: list[str], grep: str) -> None:
    if grep in line:
        print(f"{name}  {line}" if len(names) > 1 else line, flush=True)
