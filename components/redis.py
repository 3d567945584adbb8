"""Redis 7: the queue's transport, and a cache."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.host import Host
from components.identity import Identity
from components.workload import Health, Limits, Mount, PublishedPort, Workload, WorkloadArgs

USER_ID = 999


@dataclass(frozen=True)
class RedisArgs:
    """The Redis server."""

    image: pulumi.Input[str]
    limits: Limits
    port: int
    network: str
    password: pulumi.Input[str]
    secrets_key: pulumi.Input[str]


class Redis(pulumi.ComponentResource):
    """A durable Redis: a queue lives in it."""

    def __init__(
        self, args: RedisArgs, *, identity: Identity, host: Host, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        name = identity.name("redis")
        super().__init__("neurocore:index:Redis", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        written, secrets = host.secret_files(
            name,
            {
                # Redis takes its password from its configuration only, so all of that is the secret.
                "redis.conf": pulumi.Output.from_input(args.password).apply(
                    lambda password: configuration(args.limits.memory_mb, password)
                ),
                "password": args.password,
            },
            owner=USER_ID,
            key=args.secrets_key,
            opts=child,
        )
        ping = 'REDISCLI_AUTH="$(cat /run/secrets/password)" redis-cli ping | grep -qx PONG'
        self.workload = Workload(
            WorkloadArgs(
                service="redis",
                kind="single",
                image=args.image,
                limits=args.limits,
                health=Health(("CMD", "sh", "-c", ping)),
                user=f"{USER_ID}:{USER_ID}",
                networks=(args.network,),
                command=("redis-server", "/run/secrets/redis.conf"),
                secrets=("redis.conf", "password"),
                ports=(PublishedPort("127.0.0.1", args.port, 6379),),
                mounts=(
                    Mount(f"{name}_data", "/data"),
                    Mount(secrets, "/run/secrets", kind="bind", read_only=True),
                ),
                stop_timeout_s=60,
            ),
            identity=identity,
            host=host,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[written]),
        )
        self.register_outputs({})


def configuration(memory_mb: int, password: str) -> str:
    """redis.conf for a container of ``memory_mb`` MiB.

    maxmemory leaves a quarter for the copy-on-write of a rewrite and for client buffers. Only keys with a
    time-to-live (the cache) are evicted: the queue's have none.
    """
    return "\n".join(
        [
            "bind * -::*",
            "protected-mode yes",
            f"requirepass {password}",
            "dir /data",
            "appendonly yes",
            "appendfsync everysec",
            "aof-use-rdb-preamble yes",
            # The append-only file is the durable copy; a second one would double the writes.
            'save ""',
            f"maxmemory {memory_mb * 3 // 4}mb",
            "maxmemory-policy volatile-lru",
            "tcp-keepalive 60",
            "timeout 0",
            "",
        ]
    )
