"""The assembly of an environment: which components it has, and in which order they follow each other."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pulumi
import pulumi_random as random

from components.api import PORT as API_PORT
from components.api import api
from components.application import USER, Application, ApplicationArgs
from components.edge import Edge, EdgeArgs
from components.flower import flower
from components.frontend import frontend
from components.host import Host
from components.identity import Identity
from components.images import own_image, upstream_image
from components.job import JobArgs, job
from components.network import network
from components.passwords import password
from components.postgres import APP, DATABASE, MONITOR, OWNER, Postgres, PostgresArgs
from components.redis import Redis, RedisArgs
from components.volume import volume
from components.worker import worker
from components.workload import Limits
from stacks.images import load_catalogue
from stacks.package_index import build_secrets
from stacks.settings import PROJECT, Settings

OUTPUT_SCHEMA = 1

# A journey through each of the instances that follow as arguments.
EACH_JOURNEY = 'for url; do neurocore journey --url "$url"; done'


def declare(settings: Settings, root: Path) -> None:
    """Declare every resource of the stack and its outputs. ``root`` is the working copy."""
    catalogue = load_catalogue()

    def reference(image: str) -> str:
        return catalogue[image].reference(settings.images.mirror or None)

    def limits(service: str) -> Limits:
        return Limits(**settings.limits.of(service).model_dump())

    host = Host(
        docker_address=settings.host.docker,
        directory=PurePosixPath(root / ".neurocore" / "run" / settings.stack),
        root_image=reference("redis"),
    )
    state = random.RandomId("state", byte_length=8, opts=pulumi.ResourceOptions(protect=True))
    identity = Identity(stack=settings.stack, prefix=settings.prefix, state_id=state.hex)
    name = identity.name
    on_host = host.options()

    # What outlives every update: data, and the secrets that guard it.
    volumes = {service: volume(service, identity=identity, opts=on_host) for service in ("postgres", "redis", "api")}
    secrets_key = password("secrets-key")
    passwords = {role: password(f"postgres-{role}") for role in (OWNER, APP, MONITOR)}
    redis_password, jwt_secret, flower_password = (password(x) for x in ("redis", "jwt-secret", "flower"))

    data_network = network("data", identity=identity, opts=on_host)
    web_network = network("web", identity=identity, opts=on_host)

    api_url = f"http://127.0.0.1:{settings.ports.on_host('api')}"
    site_url = f"http://127.0.0.1:{settings.ports.on_host('frontend')}"

    def built(folder: str, image: str, *bases: str) -> pulumi.Output[str]:
        return own_image(
            f"{name(image)}-image",
            root / "app-images" / folder,
            build_args={f"{base.upper()}_IMAGE": reference(base) for base in bases},
            secrets=build_secrets(os.environ),
            tag=f"{PROJECT}/{image}:{settings.stack}",
            opts=on_host,
        )

    postgres_image = built("postgres", "postgres", "postgres")
    app_image = built("api", "app", "python")
    frontend_image = built("frontend", "frontend", "node", "nginx")

    postgres = Postgres(
        PostgresArgs(
            image=postgres_image,
            limits=limits("postgres"),
            port=settings.ports.on_host("postgres"),
            network=name("data"),
            max_connections=settings.postgres.max_connections,
            passwords=passwords,
            secrets_key=secrets_key,
        ),
        identity=identity,
        host=host,
        opts=host.options(depends_on=[data_network, volumes["postgres"]]),
    )
    redis = Redis(
        RedisArgs(
            image=upstream_image(name("redis"), reference("redis"), opts=on_host),
            limits=limits("redis"),
            port=settings.ports.on_host("redis"),
            network=name("data"),
            password=redis_password,
            secrets_key=secrets_key,
        ),
        identity=identity,
        host=host,
        opts=host.options(depends_on=[data_network, volumes["redis"]]),
    )
    # The order of a release: the migration, then the worker (it must know the tasks a newer API sends), then
    # the API, then what people look at.
    application = Application(
        ApplicationArgs(
            image=app_image,
            data_network=name("data"),
            web_network=name("web"),
            app_password=passwords[APP],
            admin_password=passwords[OWNER],
            redis_password=redis_password,
            jwt_secret=jwt_secret,
            flower_password=flower_password,
            secrets_key=secrets_key,
            ai_external=settings.ai.external,
            **settings.app.model_dump(),
        ),
        identity=identity,
        host=host,
        opts=host.options(depends_on=[postgres, redis]),
    )
    workers = worker(
        application,
        limits=limits("worker"),
        replicas=settings.replicas.worker,
        identity=identity,
        host=host,
        opts=host.options(depends_on=[application, volumes["api"]]),
    )
    apis = api(
        application,
        limits=limits("api"),
        replicas=settings.replicas.api,
        url=api_url,
        identity=identity,
        host=host,
        opts=host.options(depends_on=[workers, web_network]),
    )
    flowers = flower(
        application,
        limits=limits("flower"),
        port=settings.ports.on_host("flower"),
        identity=identity,
        host=host,
        opts=host.options(depends_on=[apis]),
    )
    frontends = frontend(
        image=frontend_image,
        limits=limits("frontend"),
        replicas=settings.replicas.frontend,
        network=name("web"),
        url=site_url,
        identity=identity,
        host=host,
        opts=host.options(depends_on=[apis]),
    )
    # The edge waits for nobody: it takes instances in as they become ready.
    edge = Edge(
        EdgeArgs(
            image=upstream_image(name("edge"), reference("haproxy"), opts=on_host),
            limits=limits("edge"),
            network=name("web"),
            bind=settings.edge.bind,
            site_port=settings.ports.on_host("site"),
            frontend_port=settings.ports.on_host("frontend"),
            api_port=settings.ports.on_host("api"),
            api_replicas=settings.replicas.api,
            frontend_replicas=settings.replicas.frontend,
        ),
        identity=identity,
        host=host,
        opts=host.options(depends_on=[web_network]),
    )
    # Old instances are deleted at the end of an update, and only if all before it succeeded: a release whose
    # new instances are healthy but wrong fails here, with the old ones still serving.
    new_instances = [pulumi.Output.concat("http://", c.name, f":{API_PORT}") for c in apis.containers]
    job(
        JobArgs(
            name="journey",
            image=app_image,
            command=["sh", "-euc", EACH_JOURNEY, "journey", *new_instances],
            network=name("data"),
            user=USER,
            memory_mb=256,
            # Where people can't register themselves, the journey puts its account into the database.
            environment=application.environment,
            secrets_folder=application.secrets_mount.source,
        ),
        identity=identity,
        host=host,
        opts=host.options(depends_on=[workers, apis, flowers, frontends, edge]),
    )

    services = {
        "postgres": postgres.workload,
        "redis": redis.workload,
        "worker": workers,
        "api": apis,
        "flower": flowers,
        "frontend": frontends,
        "edge": edge.workload,
    }
    pulumi.export("schema", OUTPUT_SCHEMA)
    pulumi.export("stack", settings.stack)
    pulumi.export("prefix", settings.prefix)
    pulumi.export("state_id", state.hex)
    pulumi.export("services", {service: workload.description for service, workload in services.items()})
    pulumi.export(
        "urls",
        {
            "site": _url(settings.edge.bind, settings.ports.on_host("site")),
            "frontend": f"{site_url}/",
            "api": f"{api_url}/api/docs",
            "flower": f"http://127.0.0.1:{settings.ports.on_host('flower')}/",
        },
    )
    pulumi.export(
        "data",
        {
            "volumes": [f"{name(service)}_data" for service in volumes],
            "networks": [name("data"), name("web")],
        },
    )
    pulumi.export(
        "database",
        {
            "container": name("postgres"),
            "name": DATABASE,
            "roles": {
                OWNER: "postgres_admin_password",
                APP: "postgres_app_password",
                MONITOR: "postgres_monitor_password",
            },
        },
    )
    pulumi.export(
        "secrets",
        {
            "postgres_admin_password": passwords[OWNER],
            "postgres_app_password": passwords[APP],
            "postgres_monitor_password": passwords[MONITOR],
            "redis_password": redis_password,
            "jwt_secret": jwt_secret,
            "flower_password": flower_password,
        },
    )


def _url(bind: str, port: int) -> str:
    """How a person on the host reaches a port bound to ``bind``."""
    address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind, f"[{bind}]" if ":" in bind else bind)  # noqa: S104
    return f"http://{address}/" if port == 80 else f"http://{address}:{port}/"
