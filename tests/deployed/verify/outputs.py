"""What a stack declares about itself: its outputs, schema 1, as typed objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = 1


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class ContainerImage(_Declared):
    """A container's name and the image it was made from: an id (``sha256:...``) or a reference."""

    name: str
    image: str


class Port(_Declared):
    """A port of the container that the host publishes on address ``bind``."""

    bind: str
    host: int
    container: int

    @property
    def address(self) -> str:
        return f"[{self.bind}]:{self.host}" if ":" in self.bind else f"{self.bind}:{self.host}"

    @property
    def is_loopback(self) -> bool:
        return ip_address(self.bind).is_loopback

    @property
    def reached_at(self) -> str:
        """The address under which the host itself reaches this port."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104


class Limits(_Declared):
    """Upper limits of one container; memory in MiB, with no swap on top."""

    cpus: float
    memory_mb: int
    pids: int


class Health(_Declared):
    """Docker's health check in its own form (``["CMD", ...]``) and where the host can ask the same."""

    command: tuple[str, ...]
    url: str | None = None


class Mount(_Declared):
    """A named volume or a folder of the host, seen at ``target`` in the container."""

    type: Literal["volume", "bind"]
    source: str
    target: str
    read_only: bool


class Log(_Declared):
    """Docker's log driver, its rotation, and the name under which log queries find the service."""

    driver: str
    max_size: str
    max_files: int
    label: str


class Metrics(_Declared):
    """Where the container shows Prometheus metrics on its networks."""

    port: int
    path: str


class Service(_Declared):
    """Everything that is declared about the containers of one service."""

    kind: Literal["rolling", "single"]
    alias: str
    containers: tuple[ContainerImage, ...]
    ports: tuple[Port, ...]
    limits: Limits
    health: Health
    user: str
    read_only: bool
    capabilities: tuple[str, ...]
    networks: tuple[str, ...]
    mounts: tuple[Mount, ...]
    tmpfs: tuple[str, ...]
    restart: str
    stop_signal: str
    stop_timeout_s: int
    log: Log
    metrics: Metrics | None = None
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instance:
    """One container of a service."""

    service_name: str
    service: Service
    name: str
    image: str

    def __str__(self) -> str:
        return f"{self.service_name}/{self.name}"


class Stack(_Declared):
    """A stack's outputs."""

    stack: str
    prefix: str
    state_id: str | None = None
    # Without services there would be nothing to check, and nothing to fail.
    services: dict[str, Service] = Field(min_length=1)
    urls: dict[str, str]
    secrets: dict[str, str | None] = {}

    @staticmethod
    def load(path: Path) -> Stack:
        """Read the outputs from a file.

        Raises:
            OSError: the file can't be read.
            ValueError: it isn't JSON, has another schema, or lacks something that schema 1 has.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("schema") != SCHEMA:
            raise ValueError(f"schema is {content.get('schema')!r}, and this suite reads schema {SCHEMA}")
        return Stack.model_validate(content)

    def instances(self) -> Iterator[Instance]:
        for name, service in self.services.items():
            for container in service.containers:
                yield Instance(name, service, container.name, container.image)

    @property
    def known_secrets(self) -> dict[str, str]:
        """The secrets that have a value; an optional one may have none."""
        return {name: value for name, value in self.secrets.items() if value}

    @property
    def repair(self) -> str:
        return f"run `./neurocore up --stack {self.stack}`, which puts back what is declared"
