"""The API (FastAPI)."""

from __future__ import annotations

import pulumi

from components.application import DRAIN_S, USER, Application
from components.host import Host
from components.identity import Identity
from components.workload import Health, Limits, Metrics, Workload, WorkloadArgs

PORT = 8000

# What process 1 of an instance gives requests in flight after draining, before it ends them.
LONGEST_REQUEST_S = 30


def api(
    application: Application,
    *,
    limits: Limits,
    replicas: int,
    url: str,
    identity: Identity,
    host: Host,
    opts: pulumi.ResourceOptions,
) -> Workload:
    """API instances, reached through the edge; ``url`` is where the host finds them there."""
    return Workload(
        WorkloadArgs(
            service="api",
            kind="rolling",
            image=application.args.image,
            command=("neurocore", "api"),
            environment=application.environment,
            secrets=application.secret_names,
            limits=limits,
            replicas=replicas,
            health=Health.http(PORT, "/health/started", url=f"{url}/health/ready"),
            user=USER,
            networks=(application.args.data_network, application.args.web_network),
            mounts=(application.data_mount, application.secrets_mount),
            # Draining, then the longest request in flight.
            stop_timeout_s=DRAIN_S + LONGEST_REQUEST_S + 2,
            metrics=Metrics(PORT),
        ),
        identity=identity,
        host=host,
        opts=opts,
    )
