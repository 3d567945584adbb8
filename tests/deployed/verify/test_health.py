"""Each service says that it is well, where Docker asks it and where the host asks it."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import Found, Inspection
from tests.deployed.verify.outputs import Instance, Port, Stack
from tests.deployed.verify.shell import Answer, HttpAnswer, http_answer, http_get, in_container, run_all


@pytest.fixture(scope="module")
def health_commands(host: Host, inspection: Inspection, stack: Stack) -> dict[str, Answer]:
    """What the health check of each running container says now: Docker's own verdict is some seconds old."""
    running = {container.name for container in inspection.running}
    return run_all(
        host,
        {
            instance.name: in_container(instance.name, *_words(instance.service.health.command))
            for instance in stack.instances()
            if instance.name in running
        },
    )


def test_health_command(instance: Instance, running: Found, health_commands: dict[str, Answer]) -> None:
    answer = health_commands[instance.name]
    with comparing(instance, next_step=f"read `docker logs --tail 50 {instance.name}`") as check:
        check.holds(answer.code == 0, "health command", declared="exit code 0", found=answer)


@pytest.fixture(scope="module")
def asked(host: Host, stack: Stack) -> dict[str, HttpAnswer]:
    """The answers that the host itself gets from every health URL, and from /metrics at the edge."""
    urls = [service.health.url for service in stack.services.values() if service.health.url]
    urls += [_metrics_url(port) for port in stack.services["edge"].ports] if "edge" in stack.services else []
    return {url: http_answer(answer) for url, answer in run_all(host, {url: http_get(url) for url in urls}).items()}


def test_health_url(health_url: str, asked: dict[str, HttpAnswer], stack: Stack) -> None:
    with comparing(health_url, next_step=f"see `./neurocore status --stack {stack.stack}` and the logs") as check:
        check.holds(asked[health_url].status == 200, "health URL", declared="status 200", found=asked[health_url])


def test_edge_keeps_metrics_inside(
    instance: Instance, edge_port: Port, running: Found, asked: dict[str, HttpAnswer], stack: Stack
) -> None:
    url = _metrics_url(edge_port)
    with comparing(instance, next_step="deny /metrics in the edge's configuration: it tells strangers a lot") as check:
        check.holds(asked[url].status == 404, url, declared="status 404", found=asked[url])


def _metrics_url(port: Port) -> str:
    host = f"[{port.reached_at}]" if ":" in port.reached_at else port.reached_at
    return f"http://{host}:{port.host}/metrics"


def _words(command: tuple[str, ...]) -> tuple[str, ...]:
    """The program and its arguments of a health check in Docker's form."""
    form, *words = command
    return ("sh", "-c", *words) if form == "CMD-SHELL" else tuple(words)
