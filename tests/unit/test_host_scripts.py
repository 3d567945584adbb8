"""The scripts a host runs: they are executed here, in a scratch folder."""

import os
import stat
import subprocess

import pytest

from components.host import _install, _keyed_hash, _with_both_ends, _write_secrets


def sh(script: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["sh", "-s", *arguments], input="set -eu\n" + script, capture_output=True, text=True, check=check
    )


def test_a_script_runs_the_end_it_is_asked_for():
    script = _with_both_ends({"create": "echo made", "delete": "echo gone"})
    assert sh(script, "create").stdout == "made\n"
    assert sh(script, "delete").stdout == "gone\n"


def test_a_failing_line_ends_the_script():
    failed = sh(_with_both_ends({"create": "false\necho after", "delete": None}), "create", check=False)
    assert failed.returncode != 0 and "after" not in failed.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away; otherwise a container does it")
def test_secrets_are_readable_by_their_owner_alone(tmp_path):
    folder = tmp_path / "app-1234"
    script = _write_secrets(str(folder), {"password": "it's $HOME\n`x`", "other": ""}, 10001)
    sh(script)
    sh(script)  # safe to repeat
    assert (folder / "password").read_text() == "it's $HOME\n`x`"
    for path, mode in ((folder, 0o500), (folder / "password", 0o400), (folder / "other", 0o400)):
        found = path.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (mode, 10001, 10001)
    assert [entry.name for entry in tmp_path.iterdir()] == ["app-1234"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away; otherwise a container does it")
def test_what_a_killed_run_left_is_no_secret_folder(tmp_path):
    (tmp_path / "app-1.new").mkdir()
    (tmp_path / "app-1.new" / "half").write_text("ha")
    sh(_write_secrets(str(tmp_path / "app-1"), {"password": "x"}, 10001))
    assert [entry.name for entry in (tmp_path / "app-1").iterdir()] == ["password"]


def test_the_name_of_a_secret_folder_depends_on_key_and_content():
    names = {
        _keyed_hash("key", {"a": "1"}),
        _keyed_hash("yek", {"a": "1"}),
        _keyed_hash("key", {"a": "2"}),
        _keyed_hash("key", {"b": "1"}),
        _keyed_hash("key", {"a": "1", "b": ""}),
    }
    assert len(names) == 5
    assert _keyed_hash("key", {"a": "1", "b": "2"}) == _keyed_hash("key", {"b": "2", "a": "1"})


def test_configuration_is_installed_checked_and_applied(tmp_path):
    folder = tmp_path / "edge"
    sh(_install(str(folder), {"a.cfg": "one\n"}, 'test -f "$new/a.cfg"', f"echo applied >> {tmp_path}/log"))
    inode = folder.stat().st_ino
    (folder / "stale.cfg").write_text("old")
    sh(_install(str(folder), {"a.cfg": "two\n"}, "true", f"echo applied >> {tmp_path}/log"))
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.cfg": "two\n"}
    assert folder.stat().st_ino == inode, "a running container has this very folder mounted"
    assert (tmp_path / "log").read_text() == "applied\napplied\n"


def test_configuration_that_is_refused_changes_nothing(tmp_path):
    folder = tmp_path / "edge"
    sh(_install(str(folder), {"a.cfg": "good"}, "true", "true"))
    failed = sh(
        _install(str(folder), {"a.cfg": "bad"}, 'grep -q good "$new/a.cfg"', f"touch {tmp_path}/applied"), check=False
    )
    assert failed.returncode != 0
    assert (folder / "a.cfg").read_text() == "good" and not (tmp_path / "applied").exists()
