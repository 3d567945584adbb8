"""What is checked before an update touches anything: the machine's size, and that the ports are free."""

from __future__ import annotations

import errno
import json
import socket
import subprocess

from operate.docker_engine import Engine
from operate.errors import UserError
from operate.pulumi_stack import refused
from stacks.settings import PROJECT, Ports, Settings, SettingsError


def check(settings: Settings, engine: Engine) -> None:
    """Refuse limits that this machine can't honour, and ports that somebody else has.

    Raises:
        UserError: naming every limit or port, who has it, and the key that changes it.
    """
    try:
        settings.require_capacity(memory_mb=engine.memory_mb, cpus=engine.cpus)
    except SettingsError as error:
        raise refused(error) from error
    published = _published(settings.host.docker)
    taken = []
    for name in Ports.model_fields:
        if name == "offset":
            continue
        port = settings.ports.on_host(name)
        bind = settings.edge.bind if name == "site" else "127.0.0.1"
        owner = published.get(port)
        if owner is not None:
            if owner.get("neurocore.stack") != settings.stack:
                taken.append(f"{port} ({PROJECT}:ports.{name}) is published by the container {owner['name']}")
        elif not _free(bind, port):
            taken.append(f"{port} ({PROJECT}:ports.{name}) is in use by another process on {bind}")
    if taken:
        raise UserError(
            "Ports that this stack needs are taken:\n  " + "\n  ".join(taken),
            next_step=f"free them, or choose others: pulumi config set --path {PROJECT}:ports.NAME PORT --stack "
            f"{settings.stack} (after `source .neurocore/env`). Nothing was touched.",
        )


def _free(bind: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        # Connections of a server that just ended don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            if error.errno == errno.EACCES:  # a low port and no root: Docker binds it, not we
                with socket.socket(family) as client:
                    client.settimeout(1)
                    return client.connect_ex((bind, port)) != 0
            return False
    return True


def _published(docker: str) -> dict[int, dict[str, str]]:
    """Host ports that running containers publish: name and labels of the container, by port."""
    names = subprocess.run(
        ["docker", "--host", docker, "ps", "--quiet"], capture_output=True, text=True, check=True
    ).stdout.split()
    if not names:
        return {}
    inspected = json.loads(
        subprocess.run(
            ["docker", "--host", docker, "inspect", *names], capture_output=True, text=True, check=True
        ).stdout
    )
    found = {}
    for container in inspected:
        for bindings in (container["HostConfig"]["PortBindings"] or {}).values():
            for binding in bindings or []:
                if binding.get("HostPort"):
                    found[int(binding["HostPort"])] = {
                        **(container["Config"]["Labels"] or {}),
                        "name": container["Name"].removeprefix("/"),
                    }
    return found
