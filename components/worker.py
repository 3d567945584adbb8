"""The Celery worker, which reads the uploaded documents."""

from __future__ import annotations

import pulumi

from components.application import USER, Application
from components.host import Host
from components.identity import Identity
from components.workload import Health, Limits, Workload, WorkloadArgs


def worker(
    application: Application,
    *,
    limits: Limits,
    replicas: int,
    identity: Identity,
    host: Host,
    opts: pulumi.ResourceOptions,
) -> Workload:
    """Worker instances."""
    return Workload(
        WorkloadArgs(
            service="worker",
            kind="rolling",
            image=application.args.image,
            command=("neurocore", "worker"),
            environment=application.environment,
            secrets=application.secret_names,
            limits=limits,
            replicas=replicas,
            health=Health(("CMD", "neurocore", "health", "worker")),
            user=USER,
            networks=(application.args.data_network,),
            mounts=(application.data_mount, application.secrets_mount),
            # A document in hand is finished; what takes longer is taken up again by another worker.
            stop_timeout_s=60,
        ),
        identity=identity,
        host=host,
        opts=opts,
    )
