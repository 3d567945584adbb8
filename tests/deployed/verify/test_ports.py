"""The declared ports listen on the declared addresses, and the stack takes no other port of the host."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import Found, Inspection
from tests.deployed.verify.outputs import Instance, Port, Stack
from tests.deployed.verify.shell import Answer, run_all

# Ports that other systems on the same server use; this one promises to leave them alone.
NEIGHBOURS = (5432, 5433, 6380, 3001, 5173)

# Seconds for a connection within the host itself, where it is taken or refused at once.
CONNECT_TIMEOUT_S = 2


@pytest.fixture(scope="session")
def listening(host: Host) -> dict[int, set[str]]:
    """The addresses on which something on the host listens, by TCP port."""
    addresses: dict[int, set[str]] = {}
    for socket in host.socket.get_listening_sockets():
        if socket.startswith("tcp://"):
            address, _, port = socket.removeprefix("tcp://").rpartition(":")
            addresses.setdefault(int(port), set()).add(address)
    return addresses


@pytest.fixture(scope="session")
def reachable(host: Host, stack: Stack) -> dict[int, Answer]:
    """The host's addresses, loopback aside, that take a connection on each port declared for loopback only."""
    addresses = host.check_output("hostname -I").split()
    ports = {port.host for instance in stack.instances() for port in instance.service.ports if port.is_loopback}
    connect = (
        'for address in {addresses}; do timeout {timeout} bash -c "exec 3<>/dev/tcp/$address/{port}" 2>/dev/null'
        ' && echo "$address"; done; true'
    )
    return run_all(
        host,
        {
            port: connect.format(addresses=" ".join(addresses), timeout=CONNECT_TIMEOUT_S, port=port)
            for port in sorted(ports)
        },
        timeout_s=5 + CONNECT_TIMEOUT_S * len(addresses),
    )


def test_listens_where_declared(
    instance: Instance, port: Port, running: Found, listening: dict[int, set[str]], stack: Stack
) -> None:
    with comparing(instance, next_step=stack.repair) as check:
        found = listening.get(port.host, set())
        check.equal(f"addresses listening on port {port.host}", declared={port.bind}, found=found)


def test_loopback_only(
    instance: Instance, loopback_port: Port, running: Found, reachable: dict[int, Answer], stack: Stack
) -> None:
    answer = reachable[loopback_port.host]
    found = answer.output.split() if answer.code == 0 else answer
    with comparing(instance, next_step=stack.repair) as check:
        check.equal(f"other addresses of the host that answer on port {loopback_port.host}", declared=[], found=found)


def test_publishes_what_is_declared(instance: Instance, found: Found, stack: Stack) -> None:
    declared = {(port.bind, port.host, port.container) for port in instance.service.ports}
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("published ports", declared=_spoken(declared), found=_spoken(found.published))


def test_no_other_port(inspection: Inspection, stack: Stack) -> None:
    declared = {port.host for instance in stack.instances() for port in instance.service.ports}
    with comparing(f"stack {stack.stack}", next_step="") as check:
        for container in inspection.undeclared:
            others = {binding for binding in container.published if binding[1] not in declared}
            check.equal(
                f"ports that the undeclared container {container.name} publishes",
                declared=set(),
                found=_spoken(others),
                next_step=f"find out who made it (`docker inspect {container.name}`), then "
                f"`docker rm --force {container.name}`",
            )


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_neighbours_port_is_left_alone(neighbour: int, inspection: Inspection, stack: Stack) -> None:
    # That something listens there is the neighbour's business; that it is a container of ours would be the fault.
    # A container gets a port of the host by publishing it or by living in the host's network.
    takers = [
        container.name
        for container in inspection.containers.values()
        if neighbour in {host_port for _, host_port, _ in container.published}
        or container.host_config["NetworkMode"] == "host"
    ]
    with comparing(
        f"stack {stack.stack}", next_step="remove the container, or change its port in the configuration"
    ) as check:
        check.equal(f"containers of ours that take port {neighbour} of the host", declared=[], found=takers)


def _spoken(published: Iterable[tuple[str, int, int]]) -> set[str]:
    return {f"{address}:{host_port} -> {container_port}" for address, host_port, container_port in published}
