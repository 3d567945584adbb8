"""Postgres 15 with pgvector: the truth of the system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.host import Host
from components.identity import Identity
from components.workload import Health, Limits, Mount, PublishedPort, Workload, WorkloadArgs

DATABASE = "neurosurgery_kb"
OWNER = "neurosurgery_admin"
APP = "neurocore_app"
MONITOR = "neurocore_monitor"
USER_ID = 999


@dataclass(frozen=True)
class PostgresArgs:
    """The database server; passwords by role."""

    image: pulumi.Input[str]
    limits: Limits
    port: int
    network: str
    max_connections: int
    passwords: Mapping[str, pulumi.Input[str]]
    secrets_key: pulumi.Input[str]


class Postgres(pulumi.ComponentResource):
    """The server with its volume mounted, and its roles: owner and migrator, application, monitoring."""

    def __init__(
        self,
        args: PostgresArgs,
        *,
        identity: Identity,
        host: Host,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = identity.name("postgres")
        super().__init__("neurocore:index:Postgres", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        written, secrets = host.secret_files(
            name, {"admin_password": args.passwords[OWNER]}, owner=USER_ID, key=args.secrets_key, opts=child
        )
        self.workload = Workload(
            WorkloadArgs(
                service="postgres",
                kind="single",
                image=args.image,
                limits=args.limits,
                # Over TCP: while the server initialises itself it listens on its local socket only.
                health=Health(
                    (
                        "CMD",
                        "pg_isready",
                        "--quiet",
                        "--host=127.0.0.1",
                        f"--username={OWNER}",
                        f"--dbname={DATABASE}",
                    )
                ),
                user=f"{USER_ID}:{USER_ID}",
                networks=(args.network,),
                command=(
                    "postgres",
                    *server_arguments(args.limits.memory_mb, args.limits.cpus, args.max_connections),
                ),
                environment={
                    "POSTGRES_USER": OWNER,
                    "POSTGRES_DB": DATABASE,
                    "POSTGRES_PASSWORD_FILE": "/run/secrets/admin_password",
                    # A collation that doesn't change under the indexes when the C library is updated.
                    "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale=C.UTF-8 --data-checksums",
                },
                secrets=("admin_password",),
                ports=(PublishedPort("127.0.0.1", args.port, 5432),),
                mounts=(
                    Mount(f"{name}_data", "/var/lib/postgresql/data"),
                    Mount(secrets, "/run/secrets", kind="bind", read_only=True),
                ),
                tmpfs={
                    "/tmp": "rw,noexec,nosuid,nodev,size=64m",  # noqa: S108
                    "/var/run/postgresql": f"rw,noexec,nosuid,nodev,size=1m,mode=0775,uid={USER_ID},gid={USER_ID}",
                },
                # "Fast" shutdown: sessions are ended, the server checkpoints and stops.
                stop_signal="SIGINT",
                stop_timeout_s=60,
                # Parallel index builds (HNSW) keep maintenance_work_mem in shared memory.
                shm_mb=maintenance_mb(args.limits.memory_mb) + 64,
            ),
            identity=identity,
            host=host,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[written]),
        )
        # Through the local socket, which asks for no password: also the way back after one was changed by hand.
        roles = pulumi.Output.all(**args.passwords).apply(_roles_sql)
        self.roles = host.run(
            f"{name}-roles",
            create=roles.apply(
                lambda sql: (
                    f"docker exec --interactive {name} psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 "
                    f"--username {OWNER} --dbname {DATABASE} >/dev/null <<'END_OF_SQL'\n{sql}\nEND_OF_SQL"
                )
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.workload]),
        )
        self.register_outputs({})


def maintenance_mb(memory_mb: int) -> int:
    """maintenance_work_mem: an eighth of the memory, at most 2 GiB; HNSW builds are fast while they fit in it."""
    return min(memory_mb // 8, 2048)


def server_arguments(memory_mb: int, cpus: float, max_connections: int) -> tuple[str, ...]:
    """Server settings that follow from the container's limits.

    shared_buffers a quarter and effective_cache_size three quarters of the memory are the PostgreSQL manual's
    starting points (chapters 20.4 and 20.7); work_mem shares a quarter among all connections.
    """
    workers = max(1, int(cpus))
    settings = {
        "max_connections": str(max_connections),
        "shared_buffers": f"{memory_mb // 4}MB",
        "effective_cache_size": f"{memory_mb * 3 // 4}MB",
        "maintenance_work_mem": f"{maintenance_mb(memory_mb)}MB",
        "work_mem": f"{max(4, memory_mb // 4 // max_connections)}MB",
        "max_worker_processes": str(workers + 4),
        "max_parallel_workers": str(workers),
        "max_parallel_workers_per_gather": str(max(1, workers // 2)),
        "max_parallel_maintenance_workers": str(max(1, workers // 2)),
        # Solid-state disks: random reads cost about as much as sequential ones.
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        # At least one segment to recover from and room for a burst of uploads between two checkpoints.
        "max_wal_size": f"{max(1024, memory_mb // 2)}MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "zstd",
        "password_encryption": "scram-sha-256",
        # Statements may contain text of documents: they are not logged; slow ones show in pg_stat_statements.
        "log_min_duration_statement": "-1",
        "log_statement": "none",
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": "0",
        "log_checkpoints": "on",
        "log_lock_waits": "on",
        "idle_in_transaction_session_timeout": "10min",
        "shared_preload_libraries": "pg_stat_statements",
    }
    return tuple(word for key, value in settings.items() for word in ("-c", f"{key}={value}"))


def _roles_sql(passwords: Mapping[str, str]) -> str:
    """Roles and extensions, safe to repeat. Passwords are quoted as SQL literals."""

    def literal(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    create = "\n".join(
        f"SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec"  # noqa: S608 - constants
        for role in (APP, MONITOR)
    )
    alter = "\n".join(f"ALTER ROLE {role} PASSWORD {literal(passwords[role])};" for role in sorted(passwords))
    return "\n".join(
        [
            create,
            "BEGIN;",
            alter,
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP}, {MONITOR};",
            f"GRANT pg_monitor TO {MONITOR};",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
            "CREATE EXTENSION IF NOT EXISTS vector;",
            "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;",
            "COMMIT;",
        ]
    )
