"""Whose lock may be released: that of a process which is no more."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from operate.repair import _alive


@pytest.fixture
def pulumi(tmp_path):
    """A process called pulumi that runs until it is killed."""
    (tmp_path / "pulumi").symlink_to(shutil.which("sleep"))
    process = subprocess.Popen([tmp_path / "pulumi", "600"])
    yield process
    process.kill()
    process.wait()


def test_a_running_pulumi_is_alive(pulumi):
    assert _alive(pulumi.pid)


def test_a_killed_one_is_not_even_before_its_parent_knows(pulumi):
    pulumi.kill()
    os.waitid(os.P_PID, pulumi.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{pulumi.pid}").exists(), "still a zombie"
    assert not _alive(pulumi.pid)


def test_somebody_else_with_its_number_is_not_it():
    somebody = subprocess.Popen(["sleep", "600"], cwd="/")
    try:
        assert not _alive(somebody.pid)
    finally:
        somebody.kill()
        somebody.wait()


def test_a_number_that_nobody_has():
    assert not _alive(2**22 + 1)
