"""Runs the test tiers in their order, from seconds to the real thing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from operate import docker_engine, packages
from operate.errors import UserError
from operate.session import open_session
from operate.working_copy import ROOT, WorkingCopy

# Each needs what the ones before it prove; pytest runs them in this order in one session.
TIERS = {
    "unit": ["tests/unit", "app-images/api/tests"],
    "rules": ["tests/rules"],
    "preview": ["tests/preview"],
    "deployed": ["tests/deployed"],
}


def test(tiers: list[str], *, junit_xml: Path | None, match: str) -> int:
    """Run pytest over ``tiers``; returns its exit code. The last line printed is pytest's summary."""
    unknown = [tier for tier in tiers if tier not in TIERS]
    if unknown:
        raise UserError(f"There is no tier {unknown[0]!r}.", next_step=f"choose from {', '.join(TIERS)}")
    if {"preview", "deployed"} & set(tiers):
        session = open_session("local", report=print)
    if "deployed" in tiers:
        docker_engine.ensure(session.settings.host.docker, print)
        if shutil.which("chromium") is None:
            packages.install(
                "chromium", why="The browser for the frontend's tests is not on this machine", report=print
            )
    folders = [folder for tier in TIERS if tier in tiers for folder in TIERS[tier]]
    command = [sys.executable, "-m", "pytest", *folders, "-p", "no:cacheprovider"]
    # The verification suite reads the outputs of a stack: `./neurocore verify` and the deployed tier run it.
    command += ["--ignore=tests/deployed/verify"]
    if junit_xml is not None:
        command.append(f"--junitxml={junit_xml.resolve()}")
    if match:
        command += ["-k", match]
    copy = WorkingCopy(ROOT)
    return subprocess.run(command, cwd=copy.root, env=os.environ, check=False).returncode
