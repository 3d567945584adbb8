"""Each container's limits are the declared ones. Read from Docker: the kernel's files differ between cgroup versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import Found
from tests.deployed.verify.outputs import Instance, Stack

MIB = 1024 * 1024


def test_limits(instance: Instance, found: Found, stack: Stack) -> None:
    limits, actual = instance.service.limits, found.host_config
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("processors", declared=limits.cpus, found=_cpus(actual))
        check.equal("memory in MiB", declared=limits.memory_mb, found=actual["Memory"] / MIB)
        # Docker counts memory and swap together: equal to the memory limit means no swap.
        check.equal("memory and swap in MiB", declared=limits.memory_mb, found=actual["MemorySwap"] / MIB)
        check.equal("processes", declared=limits.pids, found=actual["PidsLimit"])
        check.holds(
            not actual["OomKillDisable"],
            "out-of-memory killer",
            declared="enabled",
            found="disabled for this container",
        )


def _cpus(host_config: Mapping[str, Any]) -> float:
    """Processors; 0 is no limit. Docker keeps the limit in the form in which it was set."""
    if host_config["NanoCpus"]:
        return host_config["NanoCpus"] / 1e9
    period = host_config["CpuPeriod"] or 100_000  # microseconds; the kernel's default
    return host_config["CpuQuota"] / period
