"""The settings of every process: environment variables ``NEUROCORE_*``, and secrets as files."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "NEUROCORE_"


class SettingsError(Exception):
    """A setting or a secret is missing or wrong; the message names all of them and what is allowed."""


class Settings(BaseSettings):
    """What the operator can set. Sizes are in MiB, times in seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_host: str = Field("", description="Postgres server")
    database_port: int = Field(5432, ge=1, le=65535)
    database_name: str = Field("neurosurgery_kb", min_length=1)
    database_user: str = Field("neurocore_app", min_length=1)
    database_pool_size: int = Field(5, ge=1, le=50, description="Most connections of one process")
    redis_host: str = Field("", description="Redis server")
    redis_port: int = Field(6379, ge=1, le=65535)
    data_dir: Path = Field(Path("/data"), description="Uploaded files live in pdfs/ below")
    run_dir: Path = Field(Path("/tmp/neurocore"), description="Heartbeats and metrics of this container")  # noqa: S108
    secrets_dir: Path = Field(Path("/run/secrets"), description="One file for each secret")
    max_upload_mb: int = Field(100, ge=1, le=2048)
    max_pages: int = Field(2000, ge=1, le=100_000)
    api_processes: int = Field(2, ge=1, le=32)
    worker_concurrency: int = Field(1, ge=1, le=32)
    drain_seconds: float = Field(5, ge=0, le=300, description="Served on after SIGTERM while not ready")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    registration: Literal["open", "closed"] = "open"
    ai_external: bool = False
    version: str = "dev"
    public_name: str = "Neurocore"
    keep_deleted_files_days: float = Field(
        7, ge=0, description="A deleted document's file stays this long: longer than the gap between two backups"
    )

    @field_validator("ai_external")
    @classmethod
    def _only_the_built_in_model(cls, value: bool) -> bool:
        if value:
            raise ValueError("this release has the built-in model only and sends nothing outside; set it to false")
        return value

    @property
    def max_upload_bytes(self) -> int:
        """The largest accepted PDF in bytes."""
        return self.max_upload_mb * 1024 * 1024

    def secret(self, name: str) -> str:
        """The secret ``name``; raises SettingsError when its file is missing, unreadable or empty."""
        path = self.secrets_dir / name
        try:
            value = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            reason = f"{error.strerror}; this process is user {os.getuid()}"
            raise SettingsError(f"The secret {path} cannot be read: {reason}") from error
        if not value:
            raise SettingsError(f"The secret {path} is empty")
        return value

    def require(self, *names: str) -> None:
        """Refuse to go on without these settings; raises SettingsError with all that are empty."""
        missing = [f"{PREFIX}{name.upper()}" for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError(f"Not set: {', '.join(missing)}. Give them to the container as environment variables")


def load() -> Settings:
    """Read the environment; raises SettingsError that lists everything that is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper()
            lines.append(f"{name}={problem['input']}: {problem['msg']}")
        raise SettingsError("\n".join(lines)) from error


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return load()
