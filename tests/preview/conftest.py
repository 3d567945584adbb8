"""A scratch stack for previews: the real engine and program, a state of its own, and no host to reach."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from operate import toolchain
from operate.working_copy import ROOT, WorkingCopy

# Nothing listens here: a preview that asked the host would fail.
NO_HOST = "tcp://127.0.0.1:9"


@dataclass(frozen=True)
class Scratch:
    """A stack that was never brought up."""

    name: str
    environment: dict[str, str]
    configuration: Path

    def pulumi(self, *words: str, check: bool = True) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["pulumi", *words, "--non-interactive", "--stack", self.name],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
        )

    def configure(self, **sections: Any) -> None:
        config = {"neurocore:host": {"docker": NO_HOST}}
        config |= {f"neurocore:{section}": value for section, value in sections.items()}
        document = yaml.safe_load(self.configuration.read_text()) or {}
        self.configuration.write_text(yaml.safe_dump({**document, "config": config}))

    def preview(self) -> list[dict[str, Any]]:
        """The steps of a preview, as the engine plans them."""
        planned = self.pulumi("preview", "--json", check=False)
        assert planned.returncode == 0, planned.stdout + planned.stderr
        return json.loads(planned.stdout)["steps"]


@pytest.fixture(scope="session")
def tools() -> toolchain.Toolchain:
    """The toolchain of this working copy, which `./neurocore test` has made ready."""
    copy = WorkingCopy()
    return toolchain.ensure(copy.pulumi_home, cache=copy.cache, report=print)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    """A stack called testpreview with a backend in a temporary folder."""
    name = "testpreview"
    configuration = ROOT / f"Pulumi.{name}.yaml"
    (tmp_path / "state").mkdir()
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase for nothing",
    }
    environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    configuration.write_text("{}\n")
    stack = Scratch(name, environment, configuration)
    try:
        subprocess.run(
            ["pulumi", "stack", "init", name, "--non-interactive"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        stack.configure()
        yield stack
    finally:
        configuration.unlink(missing_ok=True)
