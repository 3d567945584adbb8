"""The settings of a stack: typed, with defaults, checked all together before anything is touched.

One pydantic object a section; a section is one configuration key (``neurocore:ports``) of Pulumi.<stack>.yaml.
The ``config:`` block of Pulumi.yaml is written from this file (``python -m stacks.reference``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

PROJECT = "neurocore"

# Ports of the neighbours on the same server, which no rule, container or test of ours may touch.
NEIGHBOUR_PORTS: Mapping[int, str] = {
    5432: "the system's PostgreSQL",
    5433: "the DCS project's PostgreSQL",
    6380: "the DCS project's Redis",
    3001: "the DCS project",
    5173: "the DCS project's development server",
}

SINGLE_SERVICES = ("postgres", "redis", "flower", "edge")
ROLLING_SERVICES = ("api", "worker", "frontend")

# Part of the machine's memory that all limits together may claim while two generations of the rolling
# services run side by side during a release.
MEMORY_SHARE = 0.90

STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the configuration."""

    key: str
    value: Any
    allowed: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {json.dumps(self.value, default=str)}"
        return f"{self.key}{shown}: {self.allowed}"


class SettingsError(ValueError):
    """The configuration is refused; ``problems`` lists everything that is wrong with it, not just the first."""

    def __init__(self, stack: str, problems: list[Problem]) -> None:
        self.stack = stack
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"The configuration of stack {stack!r} has {count} (Pulumi.{stack}.yaml):\n{lines}")


class Section(BaseModel):
    """A group of settings under one configuration key."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Port = Annotated[int, Field(ge=1, le=65535)]


class Images(Section):
    """Where images come from."""

    mirror: str = Field(
        "",
        pattern=r"^$|^[a-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9._/-]+)?$",
        description="Registry in front of all upstream images, as host[:port][/path]; empty for the upstream registries",
    )


class Ports(Section):
    """Ports on the host."""

    offset: int = Field(0, ge=0, le=50000, description="Added to every port below; lets two stacks live on one machine")
    site: Port = Field(80, description="The site (frontend and API) through the edge")
    frontend: Port = Field(3002, description="The site through the edge, for a load balancer in front")
    api: Port = Field(8002, description="The API alone, through the edge")
    postgres: Port = Field(5434, description="PostgreSQL, on loopback")
    redis: Port = Field(6381, description="Redis, on loopback")
    flower: Port = Field(5555, description="Flower, on loopback")

    def on_host(self, name: str) -> int:
        """The port a service is published on, the stack's offset included."""
        return getattr(self, name) + self.offset

    @model_validator(mode="after")
    def _no_collisions(self) -> Ports:
        seen: dict[int, str] = {}
        for name in type(self).model_fields:
            if name == "offset":
                continue
            port = self.on_host(name)
            if port > 65535:
                raise _problem(f"{name} + offset is {port}; ports end at 65535")
            if port in NEIGHBOUR_PORTS:
                raise _problem(f"{name} is {port}, which belongs to {NEIGHBOUR_PORTS[port]}; choose another port")
            if port in seen:
                raise _problem(f"{name} and {seen[port]} both want port {port}; give each its own")
            seen[port] = name
        return self


class Limits(Section):
    """What one container may use at most."""

    cpus: float = Field(gt=0, le=256, description="Processors")
    memory_mb: int = Field(ge=32, description="Memory in MiB; there is no swap on top")
    pids: int = Field(256, ge=16, le=32768, description="Processes and threads")

    @field_validator("cpus", mode="before")
    @classmethod
    def _whole_cpus(cls, value: Any) -> Any:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


# For a laptop or the smallest machine the stack makes sense on (4 GiB of limits in all).
LOCAL_LIMITS: Mapping[str, Mapping[str, Any]] = {
    "postgres": {"cpus": 1.0, "memory_mb": 2048},
    "redis": {"cpus": 0.5, "memory_mb": 512},
    "api": {"cpus": 1.0, "memory_mb": 768},
    "worker": {"cpus": 1.0, "memory_mb": 1024},
    "flower": {"cpus": 0.25, "memory_mb": 256},
    "frontend": {"cpus": 0.25, "memory_mb": 64},
    "edge": {"cpus": 0.5, "memory_mb": 128},
}


class ServiceLimits(Section):
    """Limits of every service; a key that is left out keeps its default."""

    postgres: Limits = Limits(**LOCAL_LIMITS["postgres"])
    redis: Limits = Limits(**LOCAL_LIMITS["redis"])
    api: Limits = Limits(**LOCAL_LIMITS["api"])
    worker: Limits = Limits(**LOCAL_LIMITS["worker"])
    flower: Limits = Limits(**LOCAL_LIMITS["flower"])
    frontend: Limits = Limits(**LOCAL_LIMITS["frontend"])
    edge: Limits = Limits(**LOCAL_LIMITS["edge"])

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {
            service: {**LOCAL_LIMITS.get(service, {}), **limits} if isinstance(limits, dict) else limits
            for service, limits in given.items()
        }

    def of(self, service: str) -> Limits:
        return getattr(self, service)


class Replicas(Section):
    """How many instances of each rolling service run."""

    api: int = Field(2, ge=1, le=16)
    worker: int = Field(1, ge=1, le=16)
    frontend: int = Field(2, ge=1, le=16)

    def of(self, service: str) -> int:
        return getattr(self, service) if service in ROLLING_SERVICES else 1


class Edge(Section):
    """The one way in."""

    bind: str = Field("127.0.0.1", description="Address of this machine on which the site's port is published")

    @field_validator("bind")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            ip_address(value)
        except ValueError:
            raise _problem("must be an IPv4 or IPv6 address such as 127.0.0.1 or 0.0.0.0") from None
        return value


class Postgres(Section):
    """The database."""

    max_connections: int = Field(100, ge=20, le=1000, description="Connections the server accepts")


class App(Section):
    """The application."""

    registration: Literal["open", "closed"] = Field("open", description="Whether people can register themselves")
    max_upload_mb: int = Field(100, ge=1, le=2048, description="Largest PDF accepted, in MiB")
    max_pages: int = Field(2000, ge=1, le=100_000, description="Most pages a PDF may have")
    api_processes: int = Field(2, ge=1, le=32, description="Server processes in one API instance")
    worker_concurrency: int = Field(1, ge=1, le=32, description="Documents one worker instance processes at once")
    database_pool: int = Field(5, ge=1, le=50, description="Most database connections of one process")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe message logged")


class Ai(Section):
    """Services outside the house. Patient data may be in any PDF or query, so nothing leaves it."""

    external: bool = Field(
        False, description="Must be `false`: this version has no external AI service to send text to"
    )

    @field_validator("external")
    @classmethod
    def _not_yet(cls, value: bool) -> bool:
        if value:
            raise _problem("this version has no external AI service; embedding and writing are built in")
        return value


class Host(Section):
    """The machine the stack runs on."""

    kind: Literal["local"] = Field("local", description="local: the Docker Engine of this machine")
    docker: str = Field(
        "unix:///var/run/docker.sock",
        pattern=r"^(unix|tcp)://.+$",
        description="Address of the Docker Engine",
    )
    prefix: str = Field(
        "",
        pattern=r"^$|^[a-z][a-z0-9]{0,30}_$",
        description="Begins the name of every container, network and volume; by default neurocore_ for the stack "
        "local and neurocore<stack>_ for others",
    )


class Settings(Section):
    """Everything that can be set for a stack."""

    stack: str = Field(exclude=True)
    images: Images = Images()
    ports: Ports = Ports()
    limits: ServiceLimits = ServiceLimits()
    replicas: Replicas = Replicas()
    edge: Edge = Edge()
    postgres: Postgres = Postgres()
    app: App = App()
    ai: Ai = Ai()
    host: Host = Host()

    @property
    def prefix(self) -> str:
        if self.host.prefix:
            return self.host.prefix
        return f"{PROJECT}_" if self.stack == "local" else f"{PROJECT}{self.stack.replace('-', '')}_"

    @model_validator(mode="after")
    def _enough_connections(self) -> Settings:
        # Two generations of API and worker are connected at the height of a release. Each process has its pool
        # and one connection for its health.
        api = self.replicas.api * self.app.api_processes * (self.app.database_pool + 1)
        worker = self.replicas.worker * (self.app.database_pool + 1)
        reserve = 10  # superuser, migrations, monitoring, a person with psql
        needed = 2 * (api + worker) + reserve
        if needed > self.postgres.max_connections:
            raise PydanticCustomError(
                "connections",
                "{needed} database connections are needed during a release (2 generations of {api} for the API and "
                "{worker} for the workers, {reserve} in reserve); raise postgres.max_connections or lower "
                "app.database_pool, app.api_processes or replicas",
                {"needed": needed, "api": api, "worker": worker, "reserve": reserve},
            )
        return self

    def memory_table(self) -> list[tuple[str, int, int, int]]:
        """Rows (service, instances at the height of a release, MiB each, MiB in all)."""
        rows = []
        for service in (*SINGLE_SERVICES, *ROLLING_SERVICES):
            count = 2 * self.replicas.of(service) if service in ROLLING_SERVICES else 1
            each = self.limits.of(service).memory_mb
            rows.append((service, count, each, count * each))
        return rows

    def require_capacity(self, *, memory_mb: int, cpus: int) -> None:
        """Refuse limits that the machine cannot honour.

        Old and new instances run side by side until the end of an update, so the limits of the single
        services and twice those of the rolling ones must stay below 90 % of the machine's memory.

        Args:
            memory_mb: memory of the machine in MiB.
            cpus: processors of the machine.

        Raises:
            SettingsError: with the table of what each service claims.
        """
        problems = []
        for service in (*SINGLE_SERVICES, *ROLLING_SERVICES):
            wanted = self.limits.of(service).cpus
            if wanted > cpus:
                problems.append(
                    Problem(f"{PROJECT}:limits.{service}.cpus", wanted, f"this machine has {cpus} processors")
                )
        total = sum(row[3] for row in self.memory_table())
        if total > MEMORY_SHARE * memory_mb:
            table = "\n".join(
                f"      {service:<10}{count:>3} x {each:>6} MiB = {all_:>7} MiB"
                for service, count, each, all_ in self.memory_table()
            )
            problems.append(
                Problem(
                    f"{PROJECT}:limits",
                    None,
                    f"{total} MiB are claimed during a release, more than {MEMORY_SHARE:.0%} of this machine's "
                    f"{memory_mb} MiB; lower memory_mb or replicas:\n{table}",
                )
            )
        if problems:
            raise SettingsError(self.stack, problems)


SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}


def load(stack: str, config: Mapping[str, Any]) -> Settings:
    """Read a stack's configuration.

    Args:
        stack: the stack's name, such as ``local``.
        config: value of each key of the project's namespace, without the namespace (``{"ports": {...}}``).

    Raises:
        SettingsError: naming every key that is unknown, mistyped or out of range.
    """
    if not STACK_NAME.fullmatch(stack):
        raise SettingsError(
            stack,
            [Problem("stack", stack, "a stack's name is lower-case letters, digits and dashes, at most 31")],
        )
    problems = [
        Problem(f"{PROJECT}:{key}", config[key], f"there is no such key; there are {', '.join(sorted(SECTIONS))}")
        for key in config
        if key not in SECTIONS
    ]
    known = {key: value for key, value in config.items() if key in SECTIONS}
    try:
        settings = Settings(stack=stack, **known)
    except ValidationError as error:
        problems += _problems_of(error)
    if problems:
        raise SettingsError(stack, problems)
    return settings


def _problem(message: str) -> PydanticCustomError:
    # Braces would be read as fields of pydantic's message template.
    return PydanticCustomError("neurocore", "{message}", {"message": message})


def _problems_of(error: ValidationError) -> Iterator[Problem]:
    for item in error.errors():
        path = [str(part) for part in item["loc"]]
        key = f"{PROJECT}:{'.'.join(path)}" if path else PROJECT
        value = item["input"] if isinstance(item["input"], str | int | float | bool) else None
        message = item["msg"]
        if item["type"] == "extra_forbidden":
            message = f"there is no such key; there are {', '.join(_keys_beside(path))}"
        yield Problem(key, value, message[0].lower() + message[1:])


def _keys_beside(path: list[str]) -> list[str]:
    """The keys that would have been right in place of the last one of ``path``."""
    model: type[BaseModel] = Settings
    for part in path[:-1]:
        model = model.model_fields[part].annotation  # type: ignore[assignment]
    return sorted(name for name in model.model_fields if name != "stack")
