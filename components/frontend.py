"""The frontend: a single-page application served by nginx."""

from __future__ import annotations

import pulumi

from components.host import Host
from components.identity import Identity
from components.workload import Health, Limits, Workload, WorkloadArgs

PORT = 8080


def frontend(
    *,
    image: pulumi.Input[str],
    limits: Limits,
    replicas: int,
    network: str,
    url: str,
    identity: Identity,
    host: Host,
    opts: pulumi.ResourceOptions,
) -> Workload:
    """Frontend instances, reached through the edge; ``url`` is where the host finds them there."""
    return Workload(
        WorkloadArgs(
            service="frontend",
            kind="rolling",
            image=image,
            limits=limits,
            replicas=replicas,
            health=Health.http(PORT, "/healthz", url=f"{url}/healthz"),
            user="101:101",
            networks=(network,),
            # nginx finishes the requests in flight, then ends.
            stop_signal="SIGQUIT",
        ),
        identity=identity,
        host=host,
        opts=opts,
    )
