"""Runs the verification suite against a stack's outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from operate.working_copy import WorkingCopy

SUITE = "tests/deployed/verify"


@contextmanager
def outputs_file(copy: WorkingCopy, stack: str, outputs: dict[str, Any]) -> Iterator[Path]:
    """The outputs as a file that only this user may read; it holds secrets, so it goes when its reader is done."""
    folder = copy.directory / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"outputs-{stack}-{os.getpid()}.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(outputs, file)
    try:
        yield path
    finally:
        path.unlink()


def verify(copy: WorkingCopy, stack: str, outputs: dict[str, Any], *, junit_xml: Path | None = None) -> int:
    """Run the suite; prints its table and returns pytest's exit code (0: everything is as declared)."""
    with outputs_file(copy, stack, outputs) as path:
        command = [
            sys.executable,
            "-m",
            "pytest",
            SUITE,
            "-p",
            "tests.deployed.verify.report",
            "-p",
            "no:cacheprovider",
        ]
        if junit_xml is not None:
            command.append(f"--junitxml={junit_xml}")
        return subprocess.run(
            command,
            cwd=copy.root,
            env={**os.environ, "NEUROCORE_OUTPUTS": str(path), "PYTHONPATH": str(copy.root)},
            check=False,
        ).returncode
