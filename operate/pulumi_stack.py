"""A stack, through Pulumi's Automation API: select, preview, update, destroy, outputs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto

from operate.errors import UserError
from operate.progress import Progress
from operate.working_copy import WorkingCopy
from stacks.settings import PROJECT, Settings, SettingsError, load

CONTAINER = "docker:index/container:Container"

NAMESPACE = f"{PROJECT}:"

# Containers start at once where nothing makes them wait; more at a time only compete for two cores.
PARALLEL = 16


class PulumiStack:
    """One stack of this working copy.

    Args:
        name: the stack's name.
        copy: the working copy.
        environment: variables for the Pulumi CLI.
    """

    def __init__(self, name: str, copy: WorkingCopy, environment: Mapping[str, str]) -> None:
        self.name = name
        self._copy = copy
        self._environment = dict(environment)
        self._stack: auto.Stack | None = None

    @property
    def stack(self) -> auto.Stack:
        """The stack, made on first use."""
        if self._stack is None:
            options = auto.LocalWorkspaceOptions(
                env_vars=self._environment, pulumi_home=self._environment.get("PULUMI_HOME")
            )
            try:
                self._stack = auto.create_or_select_stack(
                    stack_name=self.name, work_dir=str(self._copy.root), opts=options
                )
            except auto.CommandError as error:
                raise _translated(error, self.name, Progress()) from error
        return self._stack

    def exists(self) -> bool:
        """Whether there is a state for this stack."""
        return (self._copy.state / ".pulumi" / "stacks" / PROJECT / f"{self.name}.json").exists()

    def is_up(self) -> bool:
        """Whether the state knows any container: after `down` it knows the data alone."""
        return bool(self.containers())

    def containers(self) -> set[str]:
        """Names of the containers that the state knows, those awaiting deletion included."""
        return {resource["outputs"]["name"] for resource in self._resources() if resource["type"] == CONTAINER}

    def locks(self) -> list[Path]:
        """The engine's lock files for this stack: one while an update runs, or after one was killed."""
        return list((self._copy.state / ".pulumi" / "locks").glob(f"**/{self.name}/*.json"))

    def refresh(self, progress: Progress) -> None:
        """Take over into the state what is really there."""
        self._guarded(progress, self.stack.refresh, parallel=PARALLEL)

    def up(self, progress: Progress, *, run_again: Sequence[str] = ()) -> None:
        """Update the stack to what the program declares.

        Args:
            progress: takes the engine's events.
            run_again: names of command resources to run even if nothing about them changed.

        Raises:
            UserError: with what the engine said.
        """
        self._guarded(progress, self.stack.up, parallel=PARALLEL, replace=[self._urn(name) for name in run_again])

    def _urn(self, name: str) -> str:
        """The resource called ``name``, as the state knows it."""
        return next(resource["urn"] for resource in self._resources() if resource["urn"].endswith(f"::{name}"))

    def _resources(self) -> list[dict[str, Any]]:
        return json.loads(self._cli("stack", "export"))["deployment"].get("resources", [])

    def destroy(self, progress: Progress, *, keep_data: bool) -> None:
        """Remove what the stack declared: all of it, or all but the data and the secrets that guard it."""
        if not keep_data:
            self._cli("state", "unprotect", "--all", "--yes")
        self._guarded(progress, self.stack.destroy, parallel=PARALLEL, exclude_protected=keep_data)

    def preview(self, *, diff: bool) -> dict[str, int]:
        """Show what an update would do; returns the number of resources by operation."""
        progress = Progress()
        try:
            result = self.stack.preview(on_output=print, on_event=progress.on_event, color="auto", diff=diff)
        except auto.CommandError as error:
            raise _translated(error, self.name, progress) from error
        return {str(op): count for op, count in result.change_summary.items()}

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear."""
        asked = self._cli("stack", "output", "--json", "--show-secrets")
        return json.loads(asked)

    def remove(self) -> None:
        """Forget the stack, once nothing of it is left."""
        self._cli("stack", "rm", "--yes", "--preserve-config", self.name)

    def _cli(self, *words: str) -> str:
        command = ["pulumi", *words, "--non-interactive"]
        if words[:2] != ("stack", "rm"):
            command += ["--stack", self.name]
        done = subprocess.run(
            command,
            cwd=self._copy.root,
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UserError(f"`{' '.join(command)}` failed: {done.stderr.strip()}", where=f"stack {self.name}")
        return done.stdout

    def _guarded(self, progress: Progress, operation, **arguments: Any) -> None:
        try:
            operation(on_event=progress.on_event, color="never", show_secrets=False, **arguments)
        except auto.CommandError as error:
            raise _translated(error, self.name, progress) from error


def _translated(error: auto.CommandError, stack: str, progress: Progress) -> UserError:
    if isinstance(error, auto.ConcurrentUpdateError):
        return UserError(
            f"Another pulumi is updating stack {stack}, or one died in the middle of it.",
            next_step=f"wait for it; if none is running: source .neurocore/env && pulumi cancel --stack {stack}",
        )
    said = "\n".join(progress.errors) or str(error).strip()
    return UserError(
        f"Stack {stack} could not be updated:\n{said}", next_step="put that right and run the command again"
    )


def configuration_of(path: Path, stack: str) -> dict[str, Any]:
    """The project's keys in a Pulumi.<stack>.yaml, without their namespace; {} when there is no file."""
    if not path.exists():
        return {}
    try:
        document = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{path.name} is not YAML: {error}", where=str(path), next_step="correct that line") from error
    values = document.get("config") or {}
    return {key.removeprefix(NAMESPACE): value for key, value in values.items() if key.startswith(NAMESPACE)}


def settings_of(copy: WorkingCopy, stack: str) -> Settings:
    """A stack's settings, read without the engine.

    Raises:
        UserError: listing everything that is wrong with the configuration.
    """
    try:
        return load(stack, configuration_of(copy.configuration(stack), stack))
    except SettingsError as error:
        raise refused(error) from error


def refused(error: SettingsError) -> UserError:
    return UserError(
        str(error), next_step="correct these keys; docs/configuration.md lists them all. Nothing was touched."
    )
