"""The loopback registry that serves the stand-ins: its container, and the questions asked of it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from offline.images.engine import docker, query
from operate.errors import UserError
from stacks.images import STAND_IN_REGISTRY

CONTAINER = "neurocore_registry"
SETTINGS_LABEL = "neurocore.offline.registry"
RECIPE_LABEL = "neurocore.offline.recipe"
STORAGE_USER = 65534
"""Owner of the storage when root runs this (nobody: the registry needs no rights but those on its own files)."""

_HOST, _PORT = STAND_IN_REGISTRY.split(":")
_MANIFESTS = ", ".join(
    [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
    ]
)
_START_S = 30.0
_POLL_S = 0.1


class NoAnswer(Exception):
    """Nobody answered at the registry's address, or not as a registry does."""


def ask(path: str, *, accept: str = "application/json", timeout_s: float = 5) -> dict | None:
    """JSON from the registry; None when it has no such thing. NoAnswer when it can't be asked."""
    connection = http.client.HTTPConnection(_HOST, int(_PORT), timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        response = connection.getresponse()
        body = response.read()
        if response.status == http.client.NOT_FOUND:
            return None
        if response.status != http.client.OK:
            raise NoAnswer(f"{path}: HTTP {response.status}")
        return json.loads(body)
    except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
        raise NoAnswer(f"{path}: {error}") from error
    finally:
        connection.close()


def served_recipe(path: str, tag: str) -> str | None:
    """The recipe hash of the image served as path:tag; None when there is none, or one we didn't make."""
    manifest = ask(f"/v2/{path}/manifests/{tag}", accept=_MANIFESTS)
    if manifest is None or "config" not in manifest:
        return None
    config = ask(f"/v2/{path}/blobs/{manifest['config']['digest']}")
    if config is None:
        return None
    return (config.get("config", {}).get("Labels") or {}).get(RECIPE_LABEL)


def served_images() -> list[str]:
    """References (path:tag) of everything the registry serves."""
    catalogue = ask("/v2/_catalog?n=1000") or {}
    found = []
    for path in catalogue.get("repositories") or []:
        tags = ask(f"/v2/{path}/tags/list") or {}
        found += [f"{path}:{tag}" for tag in tags.get("tags") or []]
    return sorted(found)


class Registry:
    """The container neurocore_registry, its storage in the cache (so images survive `docker system prune`)."""

    def __init__(self, image: str, recipe: str, cache: Path) -> None:
        self.image = image
        self.storage = cache.resolve() / "registry"
        uid, gid = (STORAGE_USER, STORAGE_USER) if os.geteuid() == 0 else (os.getuid(), os.getgid())
        self._owner = (uid, gid)
        self._options = [
            *("--name", CONTAINER),
            *("--restart", "always"),
            *("--publish", f"{STAND_IN_REGISTRY}:5000"),
            *("--user", f"{uid}:{gid}"),
            *("--mount", f"type=bind,source={self.storage},target=/var/lib/registry"),
            "--read-only",
            *("--tmpfs", "/tmp"),  # noqa: S108  # the container's own
            *("--cap-drop", "ALL"),
            *("--security-opt", "no-new-privileges"),
            *("--pids-limit", "128"),
            *("--memory", "256m"),
            *("--memory-swap", "256m"),
            *("--log-opt", "max-size=10m"),
            *("--log-opt", "max-file=3"),
        ]
        self.settings = hashlib.sha256("\n".join([recipe, *self._options]).encode()).hexdigest()

    def _state(self) -> tuple[str | None, bool]:
        """(settings label, running); label None when there is no container, "" when it is not one of ours."""
        form = f'{{{{index .Config.Labels "{SETTINGS_LABEL}"}}}} {{{{.State.Running}}}}'
        result = query("container", "inspect", "--format", form, CONTAINER)
        if result.returncode != 0:
            return None, False
        label, _, running = result.stdout.rstrip("\n").rpartition(" ")
        return ("" if label == "<no value>" else label), running == "true"

    def has_storage(self) -> bool:
        """Whether there is a place where an earlier run may have pushed images."""
        return self.storage.is_dir()

    def is_serving(self) -> bool:
        """Whether the container runs with exactly these settings and answers."""
        if self._state() != (self.settings, True) or not self.has_storage():
            return False
        try:
            return ask("/v2/") is not None
        except NoAnswer:
            return False

    def serve(self, report: Callable[[str], None]) -> None:
        """Have the registry run with these settings: left alone, started, or made anew. The image must exist.

        UserError when a container of that name isn't ours, when the port is taken, or when it doesn't answer.
        """
        label, running = self._state()
        if label == "":
            raise UserError(
                f"There is a container named {CONTAINER} that this project didn't make.",
                next_step=f"Rename or remove it (docker rename {CONTAINER} OTHER), then repeat.",
            )
        if label is not None and (label != self.settings or not self.has_storage()):
            # Storage that was deleted under a running container stays its storage: nothing could be pushed.
            report("Replacing the image registry: its image, settings or storage changed")
            docker("rm", "--force", CONTAINER)
            label, running = None, False
        if not running:
            _refuse_taken_port()
            self._prepare_storage()
            report(f"Starting the image registry on {STAND_IN_REGISTRY}")
            start = ["start", CONTAINER] if label else self._run_command()
            result = query(*start)
            if result.returncode != 0:
                if not label:
                    query("rm", "--force", CONTAINER)  # created but never started: leave nothing half-made
                raise UserError(
                    f"The image registry could not be started: {result.stderr.strip()}", where=f"container {CONTAINER}"
                )
        self._wait()

    def _run_command(self) -> list[str]:
        return ["run", "--detach", "--label", f"{SETTINGS_LABEL}={self.settings}", *self._options, self.image]

    def _prepare_storage(self) -> None:
        self.storage.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0 and self.storage.stat().st_uid != self._owner[0]:
            for path in [*self.storage.rglob("*"), self.storage]:
                os.chown(path, *self._owner)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                ask("/v2/")
                return
            except NoAnswer as error:
                if time.monotonic() > deadline:
                    log = query("logs", "--tail", "20", CONTAINER)
                    raise UserError(
                        f"The image registry doesn't answer on {STAND_IN_REGISTRY} ({error}). Its last words:\n"
                        f"{(log.stdout + log.stderr).strip()}",
                        where=f"container {CONTAINER}",
                    ) from error
                time.sleep(_POLL_S)


def _refuse_taken_port() -> None:
    try:
        socket.create_connection((_HOST, int(_PORT)), timeout=2).close()
    except OSError:
        return
    raise UserError(
        f"Port {_PORT} on {_HOST} is taken by another program; the image registry needs it.",
        next_step=f"See whose it is: ss -ltnp 'sport = :{_PORT}' (or docker ps --filter publish={_PORT}). Stop that, "
        "or set images.mirror to a registry that has the images.",
    )
