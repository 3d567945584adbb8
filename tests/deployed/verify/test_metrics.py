"""Every declared metrics endpoint answers on the container's networks, as a scraper would ask it."""

from __future__ import annotations

import re

import pytest
from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import Found, Inspection
from tests.deployed.verify.outputs import Instance, Metrics, Stack
from tests.deployed.verify.shell import HttpAnswer, http_answer, http_get, run_all

# A line of the text format, version 0.0.4 or OpenMetrics 1.0: what a metric is, or one sample of it.
SAMPLE = re.compile(r"^(# (TYPE|HELP) \S+ .+|[a-zA-Z_:][\w:]*(\{.*\})? \S+.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def exposed(host: Host, inspection: Inspection, stack: Stack) -> dict[tuple[str, str], HttpAnswer]:
    """The answer of each endpoint, asked from the host at the container's address on each of its networks."""
    urls = {
        (instance.name, network): f"http://{joined['IPAddress']}:{instance.service.metrics.port}"
        f"{instance.service.metrics.path}"
        for instance in stack.instances()
        if instance.service.metrics and instance.name in inspection.containers
        for network, joined in inspection.containers[instance.name].networks.items()
        if joined["IPAddress"]
    }
    return {
        key: http_answer(answer) for key, answer in run_all(host, {k: http_get(u) for k, u in urls.items()}).items()
    }


def test_metrics(
    instance: Instance, metrics: Metrics, running: Found, exposed: dict[tuple[str, str], HttpAnswer]
) -> None:
    with comparing(instance, next_step=f"read `docker logs --tail 50 {instance.name}`") as check:
        for network in sorted(running.networks):
            answer = exposed.get((instance.name, network), HttpAnswer(None, "", "no address on this network"))
            place = f"port {metrics.port}, {metrics.path}, on {network}"
            check.holds(answer.status == 200, place, declared="status 200", found=answer)
            if answer.status == 200:
                check.holds(
                    bool(SAMPLE.search(answer.body)),
                    place,
                    declared="Prometheus metrics",
                    found=answer.body[:80] or "nothing",
                )
