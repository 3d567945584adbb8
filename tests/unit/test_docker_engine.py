"""Finding, installing and starting Docker: what is said where it can't be done."""

import pytest

from operate import docker_engine, packages
from operate.docker_engine import Engine
from operate.errors import UserError

ADDRESS = "unix:///nonexistent/docker.sock"


def silent(_: str) -> None:
    pass


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(docker_engine.shutil, "which", lambda name: None)


def test_an_engine_that_is_too_old_is_refused_with_the_floor(monkeypatch):
    monkeypatch.setattr(docker_engine, "find", lambda _: Engine("19.03.15", 16000, 4))
    with pytest.raises(UserError, match=r"19\.03\.15; 20\.10 is the oldest"):
        docker_engine.ensure(ADDRESS, silent)


@pytest.mark.parametrize("version", ["20.10.24+dfsg1", "24.0.7", "29.1.0-rc.1"])
def test_versions_that_work(monkeypatch, version):
    monkeypatch.setattr(docker_engine, "find", lambda _: Engine(version, 16000, 4))
    assert docker_engine.ensure(ADDRESS, silent).version == version


def test_nothing_is_installed_for_an_engine_elsewhere(monkeypatch):
    monkeypatch.setattr(packages, "install", lambda *_, **__: pytest.fail("tried to install Docker"))
    with pytest.raises(UserError, match="No Docker Engine answers at tcp://127.0.0.1:9"):
        docker_engine.ensure("tcp://127.0.0.1:9", silent)


def test_without_root_the_exact_instruction_is_given(monkeypatch, nothing_installed):
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    with pytest.raises(UserError) as caught:
        docker_engine.ensure("unix:///nonexistent/docker.sock", silent)
    assert "only root on Debian or Ubuntu" in caught.value.what
    assert "sudo apt-get install docker.io" in caught.value.next_step


def test_a_stopped_engine_without_root_gets_the_exact_instruction(monkeypatch):
    monkeypatch.setattr(docker_engine.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(docker_engine, "find", lambda _: None)
    monkeypatch.setattr(docker_engine.os, "geteuid", lambda: 1000)
    with pytest.raises(UserError) as caught:
        docker_engine.ensure(ADDRESS, silent)
    assert "sudo systemctl start docker" in caught.value.next_step


def test_a_package_manager_that_fails_is_quoted(monkeypatch, tmp_path):
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'E: Could not get lock' >&2; exit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(packages.os, "geteuid", lambda: 0)
    with pytest.raises(UserError, match="E: Could not get lock"):
        packages.install("something", why="Something is missing", report=silent)
