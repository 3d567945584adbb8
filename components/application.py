"""What API, worker, Flower and the migration share: one image, where the data is, and who asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.host import Host
from components.identity import Identity
from components.job import JobArgs, job
from components.postgres import APP, DATABASE, OWNER
from components.workload import Mount

USER_ID = 10001
USER = f"{USER_ID}:{USER_ID}"

# Seconds an API instance serves on after SIGTERM while its readiness already fails: the edge asks every 500 ms
# and drops it after one failure, so five seconds are ten checks.
DRAIN_S = 5


@dataclass(frozen=True)
class ApplicationArgs:
    """The application's image, settings and secrets."""

    image: pulumi.Input[str]
    data_network: str
    web_network: str
    registration: str
    max_upload_mb: int
    max_pages: int
    api_processes: int
    worker_concurrency: int
    database_pool: int
    log_level: str
    ai_external: bool
    app_password: pulumi.Input[str]
    admin_password: pulumi.Input[str]
    redis_password: pulumi.Input[str]
    jwt_secret: pulumi.Input[str]
    flower_password: pulumi.Input[str]
    secrets_key: pulumi.Input[str]


class Application(pulumi.ComponentResource):
    """The secrets and the environment of the application, and the migration of its database."""

    def __init__(
        self,
        args: ApplicationArgs,
        *,
        identity: Identity,
        host: Host,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = identity.name("app")
        super().__init__("neurocore:index:Application", name, None, opts)
        self.args = args
        child = pulumi.ResourceOptions(parent=self)
        self.secret_names = ("database_password", "redis_password", "jwt_secret")
        self.secrets_written, secrets = host.secret_files(
            name,
            {
                "database_password": args.app_password,
                "redis_password": args.redis_password,
                "jwt_secret": args.jwt_secret,
            },
            owner=USER_ID,
            key=args.secrets_key,
            opts=child,
        )
        self.secrets_mount = Mount(secrets, "/run/secrets", kind="bind", read_only=True)
        self.data_mount = Mount(f"{identity.name('api')}_data", "/data")
        self.environment: Mapping[str, str] = {
            "NEUROCORE_DATABASE_HOST": identity.name("postgres"),
            "NEUROCORE_DATABASE_PORT": "5432",
            "NEUROCORE_DATABASE_NAME": DATABASE,
            "NEUROCORE_DATABASE_USER": APP,
            "NEUROCORE_DATABASE_POOL_SIZE": str(args.database_pool),
            "NEUROCORE_REDIS_HOST": identity.name("redis"),
            "NEUROCORE_REDIS_PORT": "6379",
            "NEUROCORE_DATA_DIR": "/data",
            "NEUROCORE_MAX_UPLOAD_MB": str(args.max_upload_mb),
            "NEUROCORE_MAX_PAGES": str(args.max_pages),
            "NEUROCORE_API_PROCESSES": str(args.api_processes),
            "NEUROCORE_WORKER_CONCURRENCY": str(args.worker_concurrency),
            "NEUROCORE_REGISTRATION": args.registration,
            "NEUROCORE_AI_EXTERNAL": str(args.ai_external).lower(),
            "NEUROCORE_LOG_LEVEL": args.log_level,
            "NEUROCORE_DRAIN_SECONDS": str(DRAIN_S),
        }
        migrator_written, migrator = host.secret_files(
            identity.name("migrate"),
            {"database_password": args.admin_password},
            owner=USER_ID,
            key=args.secrets_key,
            opts=child,
        )
        self.migration = job(
            JobArgs(
                name="migrate",
                image=args.image,
                command=("neurocore", "migrate"),
                network=args.data_network,
                user=USER,
                memory_mb=256,
                environment={**self.environment, "NEUROCORE_DATABASE_USER": OWNER},
                secrets_folder=migrator,
            ),
            identity=identity,
            host=host,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[migrator_written]),
        )
        self.register_outputs({})
