"""What an update finds amiss: it says so in a sentence, and puts it right."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from operate.working_copy import ROOT
from tests.deployed.conftest import inspect, neurocore


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def test_a_stopped_container_is_started(test_stack):
    docker("stop", "--time", "1", "neurocoretest_flower")
    said = neurocore("up", "--stack", "test").stdout
    assert "neurocoretest_flower is stopped: starting it" in said
    assert "no changes" in said and "all as declared" in said


def test_a_container_removed_by_hand_is_made_again(test_stack):
    docker("rm", "--force", "neurocoretest_redis")
    said = neurocore("up", "--stack", "test").stdout
    assert "neurocoretest_redis is gone: it will be made again" in said
    assert "all as declared" in said


def test_a_left_over_of_a_killed_update_is_removed_and_others_containers_are_not(test_stack):
    image = inspect("neurocoretest_redis")[0]["Image"]
    run = ["run", "--detach", "--entrypoint", "sleep", "--network", "none"]
    state = test_stack.outputs["state_id"]
    docker(*run, "--name", "left_over", "--label", f"neurocore.state={state}", image, "600")
    docker(*run, "--name", "somebodys", "--label", "neurocore.state=another", image, "600")
    try:
        said = neurocore("up", "--stack", "test", "--no-verify").stdout
        assert "removing left_over: an interrupted update left it" in said
        running = docker("ps", "--format", "{{.Names}}").split()
        assert "left_over" not in running and "somebodys" in running
    finally:
        docker("rm", "--force", "somebodys")


def test_the_lock_of_a_dead_pulumi_is_released(test_stack):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folder = ROOT / ".neurocore" / "state" / ".pulumi" / "locks" / "organization" / "neurocore" / "test"
    folder.mkdir(parents=True, exist_ok=True)
    lock = {"pid": ended.pid, "username": "x", "hostname": os.uname().nodename, "timestamp": "2026-01-01T00:00:00Z"}
    (folder / "0.json").write_text(json.dumps(lock))
    said = neurocore("up", "--stack", "test", "--no-verify").stdout
    assert f"releasing the lock of a pulumi that died (process {ended.pid}" in said
    assert "no changes" in said


@pytest.mark.parametrize("seconds", [2, 6, 12])
def test_an_update_killed_in_the_middle_is_finished_by_the_next(test_stack, seconds):
    """kill -9 of everything that works on the update, at moments of a replacement of API, worker and Flower."""
    level = {2: "debug", 6: "warning", 12: "info"}[seconds]
    subprocess.run(
        ["pulumi", "config", "set", "--path", "neurocore:app.log_level", level, "--stack", "test"], cwd=ROOT, check=True
    )
    update = subprocess.Popen(
        [str(ROOT / "neurocore"), "up", "--stack", "test", "--no-verify"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)  # the moment of the kill is the test's parameter, not a condition to wait for
    os.killpg(update.pid, signal.SIGKILL)
    update.wait()
    assert "all as declared" in neurocore("up", "--stack", "test").stdout
    assert "no changes" in neurocore("up", "--stack", "test", "--no-verify").stdout
