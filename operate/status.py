"""What is there: services, containers, images, addresses, health."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from rich.console import Console
from rich.table import Table


def show(outputs: dict[str, Any], docker: str, console: Console) -> bool:
    """Print the table of a stack; returns whether everything declared is running and healthy."""
    stack = outputs["stack"]
    declared = [
        (service, described, container)
        for service, described in outputs["services"].items()
        for container in described["containers"]
    ]
    states = _states(docker, [container["name"] for _, _, container in declared])
    table = Table("service", "container", "image", "address", "health", box=None, pad_edge=False, header_style="bold")
    well = True
    for service, described, container in declared:
        state = states.get(container["name"], "missing")
        well = well and state == "healthy"
        table.add_row(
            service,
            container["name"],
            container["image"].removeprefix("sha256:")[:12],
            ", ".join(f"{port['bind']}:{port['host']}" for port in described["ports"]) or "-",
            f"[green]{state}[/green]" if state == "healthy" else f"[red]{state}[/red]",
        )
    console.print(table)
    urls = outputs["urls"]
    suffix = "" if stack == "local" else f" --stack {stack}"
    console.print()
    console.print(f"Neurocore      {urls['frontend']}")
    console.print(f"API            {urls['api']}")
    console.print(f"Queue (Flower) {urls['flower']}  user admin, password: ./neurocore secret flower_password{suffix}")
    return well


def _states(docker: str, names: list[str]) -> dict[str, str]:
    """Health (or else the state) of containers, by name; a missing one has no entry."""
    asked = subprocess.run(
        ["docker", "--host", docker, "inspect", "--type", "container", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        container["Name"].removeprefix("/"): (container["State"].get("Health") or {}).get("Status")
        if container["State"]["Running"]
        else container["State"]["Status"]
        for container in json.loads(asked.stdout or "[]")
    }
