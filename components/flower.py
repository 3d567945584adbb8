"""Flower: a look at the queue, behind a login."""

from __future__ import annotations

import pulumi

from components.application import USER, USER_ID, Application
from components.host import Host
from components.identity import Identity
from components.workload import Health, Limits, Metrics, Mount, PublishedPort, Workload, WorkloadArgs

PORT = 5555
ADMIN = "admin"


def flower(
    application: Application,
    *,
    limits: Limits,
    port: int,
    identity: Identity,
    host: Host,
    opts: pulumi.ResourceOptions,
) -> Workload:
    """Flower on loopback port ``port``, with the user ``admin``."""
    args = application.args
    # Flower takes its password from a configuration file only, so that file is the secret.
    configuration = pulumi.Output.concat(
        f"address = '0.0.0.0'\nport = {PORT}\nbasic_auth = ['{ADMIN}:", args.flower_password, "']\n"
    )
    written, secrets = host.secret_files(
        identity.name("flower"),
        {"flowerconfig.py": configuration, "redis_password": args.redis_password},
        owner=USER_ID,
        key=args.secrets_key,
        opts=pulumi.ResourceOptions(parent=application),
    )
    return Workload(
        WorkloadArgs(
            service="flower",
            kind="single",
            image=args.image,
            command=("neurocore", "flower"),
            environment={key: value for key, value in application.environment.items() if "DATABASE" not in key},
            secrets=("flowerconfig.py", "redis_password"),
            limits=limits,
            health=Health.http(PORT, "/healthcheck", url=f"http://127.0.0.1:{port}/healthcheck"),
            user=USER,
            networks=(args.data_network,),
            ports=(PublishedPort("127.0.0.1", port, PORT),),
            mounts=(Mount(secrets, "/run/secrets", kind="bind", read_only=True),),
            # Process 1 gives Flower 30 seconds.
            stop_timeout_s=36,
            metrics=Metrics(PORT),
        ),
        identity=identity,
        host=host,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[written])),
    )
