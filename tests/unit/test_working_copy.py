"""The state of a working copy."""

import os
import stat
import subprocess

import pytest

from operate.errors import UserError
from operate.working_copy import WorkingCopy


@pytest.fixture
def copy(tmp_path) -> WorkingCopy:
    made = WorkingCopy(tmp_path)
    made.prepare()
    return made


def test_the_passphrase_is_made_once_and_for_this_user_alone(copy):
    first = copy.passphrase.read_text()
    copy.prepare()
    assert copy.passphrase.read_text() == first and len(first) > 40
    assert stat.S_IMODE(copy.passphrase.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.directory.stat().st_mode) == 0o700


def test_a_state_without_its_passphrase_is_refused(copy):
    stack = copy.state / ".pulumi" / "stacks" / "neurocore" / "local.json"
    stack.parent.mkdir(parents=True)
    stack.write_text("{}")
    copy.passphrase.unlink()
    with pytest.raises(UserError, match="passphrase of this working copy is gone"):
        copy.prepare()
    assert not copy.passphrase.exists()


@pytest.mark.parametrize("nested", [False, True])
def test_the_env_file_puts_our_programs_first(copy, nested, monkeypatch):
    """Also when ./neurocore itself was started from a shell that had read the file."""
    ours = copy.pulumi_home / "bin"
    ours.mkdir()
    (ours / "pulumi").write_text("#!/bin/sh\necho ours\n")
    (ours / "pulumi").chmod(0o755)
    if nested:
        monkeypatch.setenv("PATH", f"{ours}{os.pathsep}{os.environ['PATH']}")
    copy.write_env(copy.environment({"PATH": f"{ours}{os.pathsep}{os.environ['PATH']}"}))
    said = subprocess.run(
        ["bash", "-c", f". {copy.directory}/env && pulumi && echo $PULUMI_BACKEND_URL"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == f"ours\n{copy.state.as_uri()}\n"


def test_one_command_at_a_time(copy):
    with copy.lock("up --stack local"):
        waiting = subprocess.run(
            ["flock", "--nonblock", str(copy.directory / "lock"), "true"], capture_output=True, check=False
        )
        assert waiting.returncode != 0
    assert subprocess.run(["flock", "--nonblock", str(copy.directory / "lock"), "true"], check=False).returncode == 0
