"""The state of a working copy: what .neurocore/ holds, and the environment that follows from it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from operate.errors import UserError

ROOT = Path(__file__).parent.parent.resolve()


@dataclass(frozen=True)
class WorkingCopy:
    """A clone of this repository and its private state; everything in ``.neurocore/`` is git-ignored."""

    root: Path = ROOT

    @property
    def directory(self) -> Path:
        return self.root / ".neurocore"

    @property
    def state(self) -> Path:
        """The file backend of the engine: resources and encrypted secrets of local stacks."""
        return self.directory / "state"

    @property
    def passphrase(self) -> Path:
        return self.directory / "passphrase"

    @property
    def pulumi_home(self) -> Path:
        return self.directory / "pulumi"

    @property
    def docker_config(self) -> Path:
        return self.directory / "docker"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def venv(self) -> Path:
        return self.directory / "venv"

    @property
    def cache(self) -> Path:
        """Builds and downloads, keyed by content; shared by all working copies of this user."""
        return Path(os.environ.get("NEUROCORE_CACHE", Path.home() / ".cache" / "neurocore"))

    def configuration(self, stack: str) -> Path:
        return self.root / f"Pulumi.{stack}.yaml"

    def prepare(self) -> None:
        """Make the folders and the passphrase.

        Raises:
            UserError: there is a state but not the passphrase that opens its secrets.
        """
        for folder in (self.directory, self.state, self.pulumi_home, self.docker_config, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.passphrase.exists():
            if any(self.state.glob(".pulumi/stacks/*/*.json")):
                raise UserError(
                    "The passphrase of this working copy is gone, and without it the secrets of its state stay shut.",
                    where=str(self.passphrase),
                    next_step="put the file back from your backup; if there is none, `./neurocore down --delete-data` "
                    "can't read the state either: see docs/runbooks/lost-passphrase.md",
                )
            new = self.passphrase.with_suffix(".new")
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            new.rename(self.passphrase)

    def environment(self, toolchain: Mapping[str, str]) -> dict[str, str]:
        """Variables for the Pulumi CLI: the toolchain's, and where state, passphrase and packages are."""
        venv_bin = str(self.venv / "bin")
        path = toolchain.get("PATH", os.environ.get("PATH", ""))
        return {
            **toolchain,
            "PATH": f"{venv_bin}{os.pathsep}{path}",
            "VIRTUAL_ENV": str(self.venv),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.passphrase),
            "DOCKER_CONFIG": str(self.docker_config),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def write_env(self, environment: Mapping[str, str]) -> None:
        """Write .neurocore/env, so that ``source .neurocore/env`` makes plain ``pulumi`` work here."""
        lines = ["# Made by ./neurocore; `source .neurocore/env` makes plain pulumi commands work in this folder."]
        for key, value in sorted(environment.items()):
            if key == "PATH":
                # Only what this working copy adds; the rest is whatever the reader's shell has.
                ours = [part for part in value.split(os.pathsep) if Path(part).is_relative_to(self.directory)]
                lines.append(f'export PATH="{os.pathsep.join([*ours, "$PATH"])}"')
            else:
                lines.append(f'export {key}="{value}"')
        target = self.directory / "env"
        text = "\n".join(lines) + "\n"
        if not target.exists() or target.read_text() != text:
            new = target.with_suffix(".new")
            new.write_text(text)
            new.rename(target)

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Hold this working copy: one command that changes something at a time.

        Waits while another holds it, and says which and since when. The kernel lets go of the lock when its
        holder dies, however it dies.
        """
        self.directory.mkdir(mode=0o700, exist_ok=True)
        with (self.directory / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                print(f"Waiting: {_holder(file.read())} is at work in this working copy", file=sys.stderr)
                fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            file.truncate()
            json.dump({"pid": os.getpid(), "command": command, "since": time.time()}, file)
            file.flush()
            yield


def _holder(content: str) -> str:
    try:
        held = json.loads(content)
        age = int(time.time() - held["since"])
        return f"`./neurocore {held['command']}` (process {held['pid']}, started {age} s ago)"
    except (json.JSONDecodeError, KeyError):
        return "another ./neurocore"
