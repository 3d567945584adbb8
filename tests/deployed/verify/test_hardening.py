"""Each container has the rights, mounts, networks and shutdown that are declared, and no others."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import Found, Inspection
from tests.deployed.verify.outputs import Instance, Stack
from tests.deployed.verify.shell import Answer, in_container, run_all

# A folder above Docker's socket gives it away just as well.
ABOVE_THE_SOCKET = frozenset({"", "/run", "/var", "/var/run"})


def test_runs_as_the_declared_user(instance: Instance, found: Found, stack: Stack) -> None:
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("user", declared=instance.service.user, found=found.config["User"] or "root")


def test_root_file_system_is_read_only(instance: Instance, found: Found, stack: Stack) -> None:
    with comparing(instance, next_step=stack.repair) as check:
        check.equal(
            "read-only root file system", declared=instance.service.read_only, found=found.host_config["ReadonlyRootfs"]
        )


def test_capabilities(instance: Instance, found: Found, stack: Stack) -> None:
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("dropped capabilities", declared={"ALL"}, found=_capabilities(found.host_config["CapDrop"]))
        check.equal(
            "added capabilities",
            declared=_capabilities(instance.service.capabilities),
            found=_capabilities(found.host_config["CapAdd"]),
        )


def test_gains_no_privileges(instance: Instance, found: Found, stack: Stack) -> None:
    options = set(found.host_config["SecurityOpt"] or ())
    with comparing(instance, next_step=stack.repair) as check:
        check.holds(
            bool(options & {"no-new-privileges", "no-new-privileges:true"}),
            "no-new-privileges",
            declared="set",
            found=f"security options: {', '.join(sorted(options)) or 'none'}",
        )
        unconfined = {option for option in options if option.endswith(("=unconfined", ":unconfined"))}
        check.equal("security profiles that are switched off", declared=set(), found=unconfined)
        check.equal("privileged", declared=False, found=found.host_config["Privileged"])


def test_has_no_part_of_the_host(instance: Instance, found: Found, stack: Stack) -> None:
    config = found.host_config
    with comparing(instance, next_step=stack.repair) as check:
        for namespace in ("NetworkMode", "PidMode", "IpcMode", "UTSMode", "UsernsMode"):
            check.holds(
                config[namespace] != "host",
                namespace,
                declared="the container's own",
                found=f"the {config[namespace]}'s",
            )
        check.equal("devices", declared=[], found=[device["PathOnHost"] for device in config["Devices"] or ()])


def test_has_no_docker_socket(instance: Instance, found: Found) -> None:
    ways = [m["Source"] for m in found.raw["Mounts"] if m["Type"] == "bind" and _leads_to_docker(m["Source"])]
    with comparing(
        instance, next_step=f"take the host as taken over: stop {found.name} and find out how it was made"
    ) as check:
        check.equal("mounts that lead to Docker's socket", declared=[], found=ways)


def test_rotates_its_log(instance: Instance, found: Found, stack: Stack) -> None:
    log, actual = instance.service.log, found.host_config["LogConfig"]
    options = actual["Config"] or {}
    labelled = {found.labels.get(label) for label in options.get("labels", "").split(",")} - {None}
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("log driver", declared=log.driver, found=actual["Type"])
        check.equal("log rotation: size", declared=log.max_size, found=options.get("max-size"))
        check.equal("log rotation: files", declared=str(log.max_files), found=options.get("max-file"))
        check.holds(log.label in labelled, "name in log queries", declared=log.label, found=labelled)


def test_stops_gently(instance: Instance, found: Found, stack: Stack) -> None:
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("stop signal", declared=instance.service.stop_signal, found=found.config.get("StopSignal"))
        check.equal(
            "stop timeout in s", declared=instance.service.stop_timeout_s, found=found.config.get("StopTimeout")
        )


def test_mounts(instance: Instance, found: Found, stack: Stack) -> None:
    declared = {(m.type, m.source, m.target, _access(not m.read_only)) for m in instance.service.mounts}
    actual = {
        (m["Type"], m.get("Name") if m["Type"] == "volume" else m["Source"], m["Destination"], _access(m["RW"]))
        for m in found.raw["Mounts"]
    }
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("mounts", declared=_spoken(declared), found=_spoken(actual))
        check.equal("tmpfs", declared=set(instance.service.tmpfs), found=set(found.host_config.get("Tmpfs") or ()))


@pytest.fixture(scope="module")
def folders(host: Host, inspection: Inspection) -> dict[tuple[str, str], Answer]:
    """Whether what is bind-mounted is a folder, asked inside: there it is visible whoever asks."""
    return run_all(
        host,
        {
            (container.name, target): in_container(container.name, "test", "-d", target)
            for container in inspection.running
            for target in _bind_mounted(container)
        },
    )


def test_only_folders_are_bind_mounted(
    instance: Instance, running: Found, folders: dict[tuple[str, str], Answer], stack: Stack
) -> None:
    with comparing(instance, next_step=stack.repair) as check:
        for target in _bind_mounted(running):
            # A single file stays the old one when it is replaced on the host by renaming.
            check.equal(target, declared="a folder", found=_kind(folders[running.name, target]))


def test_networks(instance: Instance, found: Found, stack: Stack) -> None:
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("networks", declared=set(instance.service.networks), found=set(found.networks))
        for network in sorted(set(instance.service.networks) & set(found.networks)):
            aliases = found.networks[network].get("Aliases") or []
            check.holds(
                instance.service.alias in aliases, f"alias on {network}", declared=instance.service.alias, found=aliases
            )


def _bind_mounted(container: Found) -> list[str]:
    return [mount["Destination"] for mount in container.raw["Mounts"] if mount["Type"] == "bind"]


def _leads_to_docker(source: str) -> bool:
    return source.endswith("/docker.sock") or source.rstrip("/") in ABOVE_THE_SOCKET


def _kind(answer: Answer) -> str:
    return {0: "a folder", 1: "not a folder"}.get(answer.code, str(answer))


def _capabilities(names: Iterable[str] | None) -> set[str]:
    """Capabilities in one spelling: Docker keeps them with or without the prefix, as they were given."""
    return {name.upper().removeprefix("CAP_") for name in names or ()}


def _access(writable: bool) -> str:
    return "read-write" if writable else "read-only"


def _spoken(mounts: set[tuple[str, str, str, str]]) -> set[str]:
    return {f"{kind} {source} at {target} ({access})" for kind, source, target, access in mounts}
