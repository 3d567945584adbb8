"""Ways to break a running stack on purpose, each undone on the way out, and what the verification says meanwhile."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "tests" / "deployed" / "verify"

# A container that has just been started, on a machine that builds and tests at the same time.
HEALTHY_TIMEOUT_S = 90
POLL_S = 0.2


@dataclass(frozen=True)
class Verdict:
    """What a run of the verification said.

    Attributes:
        failed: each check that failed, as ``kind.function``, whatever it was asked of.
        failed_of: the same with what it was asked of, as ``kind.function[container]``.
        said: all that was printed.
    """

    exit_code: int
    failed: frozenset[str]
    failed_of: frozenset[str]
    said: str


def verify(outputs: Path, *kinds: str) -> Verdict:
    """Run the verification as the operator's command does, all kinds or some."""
    files = [str(SUITE / f"test_{kind}.py") for kind in kinds] or [str(SUITE)]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "tests.deployed.verify.report", "-p", "no:cacheprovider"]
            + [f"--junitxml={report}", *files],
            cwd=ROOT,
            env={**os.environ, "NEUROCORE_OUTPUTS": str(outputs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if not report.exists():
            raise AssertionError(f"the verification didn't run:\n{run.stdout}")
        cases = ET.parse(report).iter("testcase")  # noqa: S314 - pytest's own report
        failed = {
            f"{case.attrib['classname'].rpartition('.test_')[2]}.{case.attrib['name'].removeprefix('test_')}"
            for case in cases
            if case.find("failure") is not None or case.find("error") is not None
        }
    return Verdict(run.returncode, frozenset(f.partition("[")[0] for f in failed), frozenset(failed), run.stdout)


def run_docker(*words: str) -> str:
    """Run the docker command as a person would; returns what it prints."""
    done = subprocess.run(["docker", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"`docker {words[0]} ...` ended with {done.returncode}: {done.stdout}")
    return done.stdout.strip()


def wait_until(condition: Callable[[], bool], what: str, *, timeout_s: float = HEALTHY_TIMEOUT_S) -> None:
    """Wait for a condition of the running system; fails when it doesn't come true in time."""
    give_up = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(POLL_S)


def wait_until_healthy(name: str) -> None:
    def healthy() -> bool:
        state = docker.from_env().api.inspect_container(name)["State"]
        return state["Status"] == "running" and state["Health"]["Status"] == "healthy"

    wait_until(healthy, f"{name} is healthy")


@contextmanager
def extra_container(name: str, image: str, labels: dict[str, str], **options: Any) -> Iterator[Container]:
    """A container that nobody declared; it does nothing."""
    client = docker.from_env()
    container = client.containers.create(image, ["infinity"], entrypoint="sleep", name=name, labels=labels, **options)
    try:
        container.start()
        yield container
    finally:
        container.remove(force=True)


@contextmanager
def replaced(name: str, change: Callable[[dict[str, Any]], None], *, healthy: bool = True) -> Iterator[Container]:
    """A changed copy in the place of a container; the container itself stands aside, stopped, and comes back.

    It must not be made anew: the stack's state knows it by its id.

    Args:
        name: the container.
        change: changes the copy's description, which is what Docker's API takes to create a container.
        healthy: whether to wait until the copy is healthy.
    """
    client = docker.from_env()
    original = client.containers.get(name)
    description = _description(original.attrs)
    change(description)
    networks = description.pop("Networks")
    aside = f"{name}-aside"
    original.stop()
    original.rename(aside)
    created: list[str] = []
    try:
        created.append(client.api.create_container_from_config(description, name)["Id"])
        for network, aliases in networks.items():
            if network != description["HostConfig"]["NetworkMode"]:
                client.api.connect_container_to_network(created[0], network, aliases=aliases)
        client.api.start(created[0])
        if healthy:
            wait_until_healthy(name)
        yield client.containers.get(name)
    finally:
        for container in created:
            client.api.remove_container(container, force=True)
        original.rename(name)
        original.start()
        wait_until_healthy(name)


def _description(inspected: dict[str, Any]) -> dict[str, Any]:
    """What `docker inspect` says, in the form in which Docker's API takes it; "Networks" is for ``replaced``."""
    networks = {
        network: [alias for alias in joined["Aliases"] or [] if not inspected["Id"].startswith(alias)]
        for network, joined in inspected["NetworkSettings"]["Networks"].items()
    }
    first = next(iter(networks))
    config = copy.deepcopy(inspected["Config"])
    # Docker named the host after the original's id.
    config.pop("Hostname")
    return {
        **config,
        "HostConfig": {**copy.deepcopy(inspected["HostConfig"]), "NetworkMode": first},
        "NetworkingConfig": {"EndpointsConfig": {first: {"Aliases": networks[first]}}},
        "Networks": networks,
    }
