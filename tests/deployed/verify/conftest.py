"""Fixtures of the verification: the stack's outputs, its host, and what Docker says about its containers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import Found, Inspection, inspect
from tests.deployed.verify.outputs import Instance, Port, Stack

OUTPUTS_VARIABLE = "NEUROCORE_OUTPUTS"
HOST_VARIABLE = "NEUROCORE_HOST"
EDGE = "edge"

# Without outputs there is no stack to verify: a run over all of tests/ must not pick these up by themselves.
if OUTPUTS_VARIABLE not in os.environ:
    collect_ignore_glob = ["test_*.py"]

_stack = pytest.StashKey[Stack]()


def _load(config: pytest.Config) -> Stack:
    if _stack not in config.stash:
        path = Path(os.environ[OUTPUTS_VARIABLE])
        try:
            config.stash[_stack] = Stack.load(path)
        except (OSError, ValueError) as error:
            raise pytest.UsageError(
                f"{OUTPUTS_VARIABLE}={path}: these aren't the outputs of a stack: {error}. "
                "Write them with `pulumi stack output --json --show-secrets`, or run `./neurocore verify`."
            ) from error
    return config.stash[_stack]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse outputs that can't be read before anything is collected from them."""
    if OUTPUTS_VARIABLE in os.environ:
        _load(session.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each declared container, port, health URL and so on, named after it."""
    stack = _load(metafunc.config)
    every = list(stack.instances())
    ports = [(instance, port) for instance in every for port in instance.service.ports]
    # What a test asks for by name, besides the instance that it belongs to.
    of_instances: dict[str, list[tuple[Instance, object]]] = {
        "port": ports,
        "loopback_port": [(instance, port) for instance, port in ports if port.is_loopback],
        "edge_port": [(instance, port) for instance, port in ports if instance.service_name == EDGE],
        "metrics": [(i, i.service.metrics) for i in every if i.service.metrics],
        "secrets": [(i, i.service.secrets) for i in every if i.service.secrets],
    }
    for name, pairs in of_instances.items():
        if name in metafunc.fixturenames:
            ids = [f"{i.service_name}/{what.address}" if isinstance(what, Port) else str(i) for i, what in pairs]
            metafunc.parametrize(("instance", name), pairs, ids=ids)
            return
    if "instance" in metafunc.fixturenames:
        metafunc.parametrize("instance", every, ids=str)
    elif "health_url" in metafunc.fixturenames:
        urls = {name: service.health.url for name, service in stack.services.items() if service.health.url}
        metafunc.parametrize("health_url", list(urls.values()), ids=list(urls))


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """What is declared."""
    return _load(pytestconfig)


@pytest.fixture(scope="session")
def host() -> Host:
    """Where the containers run. (testinfra's own fixture lives for a module; this one for the whole run.)"""
    address = os.environ.get(HOST_VARIABLE, "local://")
    host = testinfra.get_host(address)
    with comparing(
        f"host {address}", next_step="check its address, and that `ssh` gets there without a question"
    ) as check:
        try:
            host.check_output("true")
        except RuntimeError as error:  # what testinfra raises when ssh itself fails
            check.holds(False, "can't be reached", declared="a shell", found=error)
    return host


@pytest.fixture(scope="session")
def inspection(host: Host, stack: Stack) -> Inspection:
    return inspect(host, stack)


@pytest.fixture
def found(instance: Instance, inspection: Inspection) -> Found:
    """The declared container as it is. One that is missing is reported once, by the check on containers."""
    if instance.name not in inspection.containers:
        pytest.skip(f"{instance.name} doesn't exist")
    return inspection.containers[instance.name]


@pytest.fixture
def running(found: Found) -> Found:
    """The same, when it can be asked; one that isn't running is reported by the check on containers."""
    if not found.is_running:
        pytest.skip(f"{found.name} is {found.status}")
    return found
