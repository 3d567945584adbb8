"""The one way to declare a long-running container.

Two kinds. *Rolling* (API, worker, frontend): every instance has a name of its own, new ones start beside the
old, each must be healthy before the next one starts, and the old ones are deleted last, so that an update has
no gap and a bad image leaves the old instances serving. *Single* (Postgres, Redis, Flower, edge): one stable
name, replaced in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_docker as docker

from components.host import Host
from components.identity import Identity

# The kernel's default period of the CPU scheduler's bandwidth control, in microseconds.
CPU_PERIOD_US = 100_000

LOG_MAX_SIZE = "10m"
LOG_MAX_FILES = 5


@dataclass(frozen=True)
class Limits:
    """What one container may use at most; memory in MiB, without swap on top."""

    cpus: float
    memory_mb: int
    pids: int


@dataclass(frozen=True)
class Health:
    """Docker's health check: a command whose exit code 0 means that the container has started and serves.

    Attributes:
        command: in Docker's form, ``["CMD", program, argument, ...]``.
        url: where the same can be asked from the host, if anywhere.
        interval_s: seconds between two checks; the first comes after as many seconds.
        timeout_s: seconds after which a check counts as failed.
        retries: failures in a row that make the container unhealthy.
        wait_s: seconds an update waits for the first success before it fails.
    """

    command: tuple[str, ...]
    url: str | None = None
    interval_s: int = 3
    timeout_s: int = 5
    retries: int = 5
    wait_s: int = 120

    @staticmethod
    def http(port: int, path: str, **more: Any) -> Health:
        """Healthy when ``GET path`` on loopback answers 200. bash opens the connection: no curl is needed."""
        request = f"GET {path} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n"
        script = (
            f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf '{request}' >&3 && "
            'read -r _ status _ <&3 && [ "$status" = 200 ]'
        )
        return Health(command=("CMD", "bash", "-c", script), **more)


@dataclass(frozen=True)
class PublishedPort:
    """A port of the container that the host publishes on address ``bind``."""

    bind: str
    host: int
    container: int


@dataclass(frozen=True)
class Mount:
    """A volume (``source`` is its name) or a folder of the host, seen in the container at ``target``."""

    source: pulumi.Input[str]
    target: str
    kind: Literal["volume", "bind"] = "volume"
    read_only: bool = False


@dataclass(frozen=True)
class Metrics:
    """Where the container shows Prometheus metrics, on its networks."""

    port: int
    path: str = "/metrics"


@dataclass(frozen=True)
class WorkloadArgs:
    """A service's containers. What isn't named here is hardened: see ``Workload``."""

    service: str
    kind: Literal["rolling", "single"]
    image: pulumi.Input[str]
    limits: Limits
    health: Health
    user: str
    networks: tuple[str, ...]
    command: tuple[str, ...] = ()
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    mounts: tuple[Mount, ...] = ()
    tmpfs: Mapping[str, str] = field(default_factory=lambda: {"/tmp": "rw,noexec,nosuid,nodev,size=64m"})  # noqa: S108
    capabilities: tuple[str, ...] = ()
    replicas: int = 1
    stop_signal: str = "SIGTERM"
    stop_timeout_s: int = 30
    shm_mb: int = 64
    metrics: Metrics | None = None


class Workload(pulumi.ComponentResource):
    """A service's containers, hardened by default.

    Non-root, read-only root file system with explicit tmpfs, no capabilities but those named, no new
    privileges, limits on processors, memory and processes, log rotation, restart always, and a grace period on
    stop (the provider's default is none: SIGKILL at once).
    """

    containers: list[docker.Container]
    description: pulumi.Output[dict[str, Any]]

    def __init__(
        self,
        args: WorkloadArgs,
        *,
        identity: Identity,
        host: Host,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = identity.name(args.service)
        super().__init__("neurocore:index:Workload", name, None, opts)
        self.alias = name
        self.containers = []
        for instance in range(1, args.replicas + 1):
            self.containers.append(self._container(args, identity, instance))
        # The provider has no such argument (its schema lists none); Docker takes it on a running container.
        ids = [container.id for container in self.containers]
        self.gate = host.run(
            f"{name}-pids",
            create=pulumi.Output.all(*ids).apply(
                lambda known: f"docker update --pids-limit {args.limits.pids} {' '.join(known)} >/dev/null"
            ),
            triggers=ids,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.description = pulumi.Output.from_input(self._describe(args))
        self.register_outputs({"alias": self.alias, "containers": [c.name for c in self.containers]})

    def _container(self, args: WorkloadArgs, identity: Identity, instance: int) -> docker.Container:
        rolling = args.kind == "rolling"
        alias = identity.name(args.service)
        previous = self.containers[-1:] if rolling else []
        return docker.Container(
            f"{alias}_{instance}" if rolling else alias,
            # A rolling instance's name is Pulumi's: never derived from the version, because going back to it after
            # an update that failed late would want the name of an instance that is still there.
            name=None if rolling else alias,
            image=args.image,
            command=list(args.command) or None,
            envs=[pulumi.Output.concat(key, "=", value) for key, value in sorted(args.environment.items())],
            user=args.user,
            read_only=True,
            tmpfs=dict(args.tmpfs),
            capabilities=docker.ContainerCapabilitiesArgs(
                drops=["ALL"], adds=[f"CAP_{capability}" for capability in args.capabilities]
            ),
            security_opts=["no-new-privileges:true"],
            # Quota and period, not `cpus`: these two (like memory) change on the running container.
            cpu_period=CPU_PERIOD_US,
            cpu_quota=round(args.limits.cpus * CPU_PERIOD_US),
            memory=args.limits.memory_mb,
            memory_swap=args.limits.memory_mb,
            shm_size=args.shm_mb,
            network_mode="bridge",
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(name=network, aliases=[alias]) for network in args.networks
            ],
            ports=[
                docker.ContainerPortArgs(ip=port.bind, external=port.host, internal=port.container)
                for port in args.ports
            ],
            mounts=[
                docker.ContainerMountArgs(
                    type=mount.kind, source=mount.source, target=mount.target, read_only=mount.read_only
                )
                for mount in args.mounts
            ],
            labels=[
                docker.ContainerLabelArgs(label=key, value=value)
                for key, value in identity.labels(args.service, str(instance)).items()
            ],
            healthcheck=docker.ContainerHealthcheckArgs(
                tests=list(args.health.command),
                interval=f"{args.health.interval_s}s",
                timeout=f"{args.health.timeout_s}s",
                retries=args.health.retries,
                start_period="0s",
            ),
            wait=True,
            wait_timeout=args.health.wait_s,
            log_driver="json-file",
            log_opts={
                "max-size": LOG_MAX_SIZE,
                "max-file": str(LOG_MAX_FILES),
                "labels": "neurocore.alias",
            },
            restart="always",
            must_run=True,
            stop_signal=args.stop_signal,
            stop_timeout=args.stop_timeout_s,
            destroy_grace_seconds=args.stop_timeout_s,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=not rolling, depends_on=previous),
        )

    def _describe(self, args: WorkloadArgs) -> dict[str, Any]:
        """What verification and status may rely on: part of the stack's outputs, schema 1."""
        return {
            "kind": args.kind,
            "alias": self.alias,
            "containers": [{"name": container.name, "image": container.image} for container in self.containers],
            "ports": [{"bind": port.bind, "host": port.host, "container": port.container} for port in args.ports],
            "limits": {
                "cpus": args.limits.cpus,
                "memory_mb": args.limits.memory_mb,
                "pids": args.limits.pids,
            },
            "health": {"command": list(args.health.command), "url": args.health.url},
            "user": args.user,
            "read_only": True,
            "capabilities": list(args.capabilities),
            "networks": list(args.networks),
            "mounts": [
                {
                    "type": mount.kind,
                    "source": mount.source,
                    "target": mount.target,
                    "read_only": mount.read_only,
                }
                for mount in args.mounts
            ],
            "tmpfs": sorted(args.tmpfs),
            "restart": "always",
            "stop_signal": args.stop_signal,
            "stop_timeout_s": args.stop_timeout_s,
            "log": {
                "driver": "json-file",
                "max_size": LOG_MAX_SIZE,
                "max_files": LOG_MAX_FILES,
                "label": self.alias,
            },
            "metrics": {"port": args.metrics.port, "path": args.metrics.path} if args.metrics else None,
            "secrets": list(args.secrets),
        }
