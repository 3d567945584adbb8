"""What an update finds amiss before it plans: left-overs of an interrupted command, and things changed by hand."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from operate.database import refused_roles
from operate.progress import Progress
from operate.session import Session


def repair(session: Session, progress: Progress) -> list[str]:
    """Put right what can be put right, a sentence each; returns resources that the update must run again.

    Volumes are never touched.
    """
    stack, docker = session.stack, ["docker", "--host", session.settings.host.docker]
    if not stack.exists():
        return []
    _release_stale_lock(session, progress)
    outputs = stack.outputs()
    known = stack.containers()
    if "state_id" in outputs:
        for name in _containers(docker, outputs["state_id"]) - known:
            progress.say(f"  removing {name}: an interrupted update left it, and the state doesn't know it")
            _run(docker, "rm", "--force", name)
    states = _states(docker, known)
    gone = known - states.keys()
    if gone:
        progress.say(f"  {', '.join(sorted(gone))} is gone: it will be made again")
        stack.refresh(progress)
    stopped = sorted(name for name, state in states.items() if state in ("exited", "created"))
    for name in stopped:
        progress.say(f"  {name} is stopped: starting it")
        _run(docker, "start", name)
    if "database" not in outputs or outputs["database"]["container"] not in states:
        return []
    refused = refused_roles(outputs, session.settings.host.docker)
    if not refused:
        return []
    progress.say(f"  the database refuses the stack's password of {', '.join(refused)}: setting it again")
    return [f"{outputs['database']['container']}-roles"]


def _release_stale_lock(session: Session, progress: Progress) -> None:
    """A pulumi that was killed leaves its lock in the state; one whose process is alive is somebody at work."""
    for path in session.stack.locks():
        held = json.loads(path.read_text())
        if held.get("hostname") == os.uname().nodename and not _alive(held["pid"]):
            progress.say(f"  releasing the lock of a pulumi that died (process {held['pid']}, {held['timestamp']})")
            path.unlink()


def _alive(pid: int) -> bool:
    """Whether a pulumi runs under this process id: not if it is a zombie, nor if the id is somebody else's by now."""
    process = Path("/proc") / str(pid)
    if process.parent.is_dir():
        try:
            # Empty for a zombie: killed, and not yet taken note of by its parent.
            return b"pulumi" in (process / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _run(docker: list[str], *words: str) -> str:
    return subprocess.run([*docker, *words], capture_output=True, text=True, check=True).stdout


def _containers(docker: list[str], state_id: str) -> set[str]:
    """Names of all containers that carry a state's id, running or not."""
    label = f"label=neurocore.state={state_id}"
    return set(_run(docker, "ps", "--all", "--format", "{{.Names}}", "--filter", label).split())


def _states(docker: list[str], names: set[str]) -> dict[str, str]:
    """Docker's word for the state of each container that exists."""
    listed = _run(docker, "ps", "--all", "--format", "{{.Names}} {{.State}}").splitlines()
    return {name: state for name, state in (line.split() for line in listed) if name in names}
