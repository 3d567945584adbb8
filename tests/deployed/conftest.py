"""Two real stacks side by side: ``local``, as a user has it, and ``test``, which tests may break."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from operate.working_copy import ROOT

# The order matters: what breaks things comes late, what takes the stack away last.
ORDER = (
    "test_stand_ins",
    "test_frontend_units",
    "test_commands",
    "test_up",
    "test_repair",
    "test_application",
    "test_browser_journey",
    "test_verify_goes_red",
    "test_down",
)

CONFIGURATION = """\
# The tests' own stack: generated. Its names begin with neurocoretest_, its ports are 20000 higher.
config:
  neurocore:ports:
    offset: 20000
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def place(item: pytest.Item) -> tuple[int, int]:
        if item.path.parent != here:
            return (0, 0)
        return (1, ORDER.index(item.path.stem))

    items.sort(key=place)


def neurocore(*words: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess:
    """Run ./neurocore as an operator would; what it prints is in the result (and in the failure)."""
    done = subprocess.run(
        [str(ROOT / "neurocore"), *words],
        cwd=ROOT,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if check and done.returncode != 0:
        pytest.fail(f"`./neurocore {' '.join(words)}` ended with {done.returncode}:\n{done.stdout}", pytrace=False)
    return done


def inspect(*names: str) -> list[dict[str, Any]]:
    return json.loads(subprocess.run(["docker", "inspect", *names], capture_output=True, text=True, check=True).stdout)


@dataclass
class Stack:
    """A running stack; ``outputs`` are read anew by ``refresh_outputs`` after an update."""

    name: str
    outputs_path: Path
    outputs: dict[str, Any]

    def refresh_outputs(self) -> None:
        read = subprocess.run(
            ["pulumi", "stack", "output", "--json", "--show-secrets", "--stack", self.name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self.outputs_path.touch(mode=0o600)
        self.outputs_path.write_text(read)
        self.outputs = json.loads(read)

    def containers(self) -> dict[str, str]:
        """Service by container name."""
        return {
            container["name"]: service
            for service, described in self.outputs["services"].items()
            for container in described["containers"]
        }


@pytest.fixture(scope="session")
def local_stack() -> Iterator[subprocess.CompletedProcess]:
    """The user's stack, brought up and verified by the README's first command; one that wasn't there goes again."""
    was_there = (ROOT / ".neurocore/state/.pulumi/stacks/neurocore/local.json").exists()
    yield neurocore("up")
    if not was_there:
        neurocore("down", "--delete-data", "--yes")


@pytest.fixture(scope="session")
def test_stack(local_stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The tests' stack, made new; gone with its data at the end."""
    configuration = ROOT / "Pulumi.test.yaml"
    if configuration.exists():  # a run before this one was interrupted
        neurocore("down", "--stack", "test", "--delete-data", "--yes")
    configuration.write_text(CONFIGURATION)
    neurocore("up", "--stack", "test", "--no-verify")
    stack = Stack("test", tmp_path_factory.mktemp("outputs") / "outputs.json", {})
    stack.refresh_outputs()
    yield stack
    if not os.environ.get("NEUROCORE_KEEP_TEST_STACK"):
        neurocore("down", "--stack", "test", "--delete-data", "--yes")
        configuration.unlink(missing_ok=True)


@pytest.fixture(scope="module", autouse=True)
def fresh_outputs(request: pytest.FixtureRequest) -> None:
    """The tests of another file may have replaced instances, whose names change with them."""
    if any("test_stack" in item.fixturenames for item in request.session.items if item.module is request.module):
        request.getfixturevalue("test_stack").refresh_outputs()


@pytest.fixture
def outputs(test_stack: Stack) -> dict[str, Any]:
    return test_stack.outputs
