"""What the house rules say of every file, checked by the tools that know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from operate.working_copy import ROOT

TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()


def is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and any(shell in first for shell in (b"/sh", b"bash"))


SHELL = [name for name in TRACKED if (ROOT / name).is_file() and is_shell(ROOT / name)]


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_python_is_clean():
    run(sys.executable, "-m", "ruff", "check", "--no-cache", ".")


def test_python_is_formatted():
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.parametrize("name", SHELL)
def test_shell_is_clean(name):
    # SC1091: what a script of an image sources is in that image, not here.
    run(str(Path(sys.executable).with_name("shellcheck")), "--exclude=SC1091", name)


def test_there_is_shell_to_check():
    assert {"neurocore", ".ci/run", "app-images/postgres/neurocore-postgres"} <= set(SHELL)


# Who may import whom (docs/ARCHITECTURE.md): payload imports nothing of the house, components don't know stacks.
FORBIDDEN = {
    "components": ("stacks", "operate", "offline"),
    "stacks": ("operate", "offline"),
    "offline": ("components",),
    "app-images": ("components", "stacks", "operate", "offline"),
    "operate": ("components", "stacks.environment"),
}


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_nobody_imports_what_it_must_not_know(folder):
    found = []
    for name in TRACKED:
        if name.startswith(f"{folder}/") and name.endswith(".py") and (ROOT / name).is_file():
            for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
                if line.startswith(
                    tuple(f"{word} {other}" for word in ("from", "import") for other in FORBIDDEN[folder])
                ):
                    found.append(f"{name}:{number}: {line}")
    assert found == []
