"""What Docker says about a stack's containers: one call for all of them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.outputs import Stack

STACK_LABEL = "neurocore.stack"
SERVICE_LABEL = "neurocore.service"
STATE_LABEL = "neurocore.state"


@dataclass(frozen=True)
class Found:
    """One container as ``docker inspect`` shows it."""

    raw: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return self.raw["Name"].removeprefix("/")

    @property
    def config(self) -> Mapping[str, Any]:
        return self.raw["Config"]

    @property
    def host_config(self) -> Mapping[str, Any]:
        return self.raw["HostConfig"]

    @property
    def labels(self) -> Mapping[str, str]:
        return self.config["Labels"] or {}

    @property
    def is_running(self) -> bool:
        """Running, and neither paused nor between two starts."""
        return self.raw["State"]["Status"] == "running"

    @property
    def status(self) -> str:
        return self.raw["State"]["Status"]

    @property
    def health(self) -> str:
        return (self.raw["State"].get("Health") or {}).get("Status", "no health check")

    @property
    def published(self) -> frozenset[tuple[str, int, int]]:
        """(address, host port, container port) of what it publishes, as configured and as in force.

        Configured and in force differ for a container that isn't running, and for one with ``-P``.
        """
        return frozenset(_bindings(self.host_config.get("PortBindings"))) | frozenset(
            _bindings(self.raw["NetworkSettings"].get("Ports"))
        )

    @property
    def networks(self) -> Mapping[str, Any]:
        return self.raw["NetworkSettings"]["Networks"] or {}

    @property
    def text(self) -> str:
        return json.dumps(self.raw, ensure_ascii=False)


@dataclass(frozen=True)
class Inspection:
    """All containers that are declared or carry the stack's label, by name."""

    containers: Mapping[str, Found]
    declared_names: frozenset[str]

    @cached_property
    def undeclared(self) -> list[Found]:
        return [found for name, found in sorted(self.containers.items()) if name not in self.declared_names]

    @cached_property
    def state_ids(self) -> frozenset[str | None]:
        """The ids of the state that owns the declared containers: one, unless something is wrong."""
        return frozenset(f.labels.get(STATE_LABEL) for n, f in self.containers.items() if n in self.declared_names)

    @property
    def running(self) -> list[Found]:
        return [found for found in self.containers.values() if found.is_running]


def inspect(host: Host, stack: Stack) -> Inspection:
    """Ask Docker about every declared container and every other that says it is of this stack.

    Raises:
        Differs: Docker doesn't answer.
    """
    names = [instance.name for instance in stack.instances()]
    label = shlex.quote(f"label={STACK_LABEL}={stack.stack}")
    asked = host.run(
        f"ids=$(docker ps --all --quiet --no-trunc --filter {label}) || exit 125; "
        f"docker container inspect $ids {shlex.join(names)}"
    )
    # Exit code 1 is "some of these don't exist", which a check reports; the others are there on stdout.
    answered = asked.rc == 0 or (asked.rc == 1 and "No such container" in asked.stderr)
    with comparing("Docker", next_step="see why with `docker info`: is it running, may this user use it?") as check:
        check.holds(answered, "doesn't answer", declared="a list of containers", found=asked.stderr)
    containers = {found.name: found for found in map(Found, json.loads(asked.stdout))}
    return Inspection(containers, frozenset(names))


def _bindings(ports: Mapping[str, Any] | None) -> Iterator[tuple[str, int, int]]:
    for container_port, bindings in (ports or {}).items():
        for binding in bindings or ():
            if binding["HostPort"]:
                # Docker writes "every address" as an empty one in the configuration.
                yield binding["HostIp"] or "0.0.0.0", int(binding["HostPort"]), int(container_port.split("/")[0])  # noqa: S104
