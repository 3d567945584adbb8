"""The edge (HAProxy): the one way in; finds the instances by Docker's DNS and asks each whether it is ready."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2
import pulumi

from components import api, frontend
from components.host import Host
from components.identity import Identity
from components.workload import Health, Limits, Metrics, Mount, PublishedPort, Workload, WorkloadArgs

HEALTH_PORT = 8404
# The master process listens on the container's own loopback: reloads are asked for there.
MASTER_PORT = 8405
CONFIGURATION = "/usr/local/etc/haproxy"

# Connections one MiB of memory carries: HAProxy keeps two 16 KiB buffers a connection.
CONNECTIONS_PER_MB = 16


@dataclass(frozen=True)
class EdgeArgs:
    """The edge; ``bind`` is the host address of the site's port, the other ports are on loopback."""

    image: pulumi.Input[str]
    limits: Limits
    network: str
    bind: str
    site_port: int
    frontend_port: int
    api_port: int
    api_replicas: int
    frontend_replicas: int


class Edge(pulumi.ComponentResource):
    """HAProxy with its configuration folder mounted; a change of routes is a reload, not a new container."""

    def __init__(
        self, args: EdgeArgs, *, identity: Identity, host: Host, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        name = identity.name("edge")
        super().__init__("neurocore:index:Edge", name, None, opts)
        check = pulumi.Output.from_input(args.image).apply(
            lambda image: (
                f'docker run --rm --network none --volume "$new":{CONFIGURATION}:ro {image} '
                f"haproxy -c -f {CONFIGURATION}/haproxy.cfg"
            )
        )
        self.files, folder = host.files(
            name,
            {"haproxy.cfg": configuration(args, identity)},
            check=check,
            apply=_reload(name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.workload = Workload(
            WorkloadArgs(
                service="edge",
                kind="single",
                image=args.image,
                limits=args.limits,
                command=(
                    "haproxy",
                    "-W",
                    "-S",
                    f"ipv4@127.0.0.1:{MASTER_PORT}",
                    "-f",
                    f"{CONFIGURATION}/haproxy.cfg",
                ),
                health=Health.http(HEALTH_PORT, "/healthz"),
                user="99:99",
                networks=(args.network,),
                ports=(
                    PublishedPort(args.bind, args.site_port, 8080),
                    PublishedPort("127.0.0.1", args.frontend_port, 3002),
                    PublishedPort("127.0.0.1", args.api_port, 8002),
                ),
                mounts=(Mount(folder, CONFIGURATION, kind="bind", read_only=True),),
                # Soft stop: connections in flight are finished.
                stop_signal="SIGUSR1",
                stop_timeout_s=35,
                metrics=Metrics(HEALTH_PORT),
            ),
            identity=identity,
            host=host,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.files]),
        )
        self.register_outputs({})


def configuration(args: EdgeArgs, identity: Identity) -> str:
    """haproxy.cfg. Twice the replicas and four spare slots: two generations serve side by side in a release."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - a configuration file, not HTML
    )
    return environment.get_template("haproxy.cfg.j2").render(
        maxconn=args.limits.memory_mb * CONNECTIONS_PER_MB,
        server_timeout_s=60,
        backends=[
            {
                "name": "api",
                "alias": identity.name("api"),
                "port": api.PORT,
                "ready": "/health/ready",
                "slots": 2 * args.api_replicas + 4,
            },
            {
                "name": "frontend",
                "alias": identity.name("frontend"),
                "port": frontend.PORT,
                "ready": "/healthz",
                "slots": 2 * args.frontend_replicas + 4,
            },
        ],
    )


def _reload(container: str) -> str:
    """Make a running edge read its configuration, with what it knows of its servers handed over.

    The master answers ``Success=1`` once the new process serves. A container that doesn't run yet reads the
    files when it starts.
    """
    # bash's own TCP: the image has no curl. `timeout`, because the master would keep the connection open.
    ask = f'timeout 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/{MASTER_PORT} && echo \\"\\$0\\" >&3 && cat <&3"'
    return "\n".join(
        [
            f"running=$(docker container inspect --format '{{{{.State.Running}}}}' {container} 2>/dev/null || true)",
            'if [ "$running" = true ]; then',
            f"  docker exec {container} sh -c '{ask} \"@1 show servers state;quit\" > /tmp/server-state'",
            f"  answer=$(docker exec {container} sh -c '{ask} reload')",
            '  case "$answer" in',
            "    *Success=1*) ;;",
            '    *) echo "The edge refused to reload: $answer" >&2; exit 1 ;;',
            "  esac",
            "fi",
        ]
    )
