"""Packages of the distribution, installed where that can be done."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from operate.errors import UserError


def install(*names: str, why: str, report: Callable[[str], None]) -> None:
    """Install packages with apt.

    Raises:
        UserError: with the exact instruction, where this user or this system can't, or when apt fails.
    """
    instruction = f"install it (Debian, Ubuntu: sudo apt-get install {' '.join(names)}) and run this again"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise UserError(f"{why}, and only root on Debian or Ubuntu can install it from here.", next_step=instruction)
    report(f"{why}: installing the distribution's package {names[0]} (about a minute)")
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *names]):
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UserError(
                f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}",
                next_step=f"put the package manager right, or {instruction}",
            )
