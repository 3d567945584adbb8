"""A command that runs once in a container and must succeed before what depends on it is touched."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command

from components.host import Host
from components.identity import Identity


@dataclass(frozen=True)
class JobArgs:
    """What runs; memory in MiB. The container is hardened like a workload's."""

    name: str
    image: pulumi.Input[str]
    command: Sequence[pulumi.Input[str]]
    network: str
    user: str
    memory_mb: int
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets_folder: pulumi.Input[str] | None = None
    triggers: Sequence[pulumi.Input[str]] = ()


def job(
    args: JobArgs, *, identity: Identity, host: Host, opts: pulumi.ResourceOptions | None = None
) -> command.local.Command:
    """Run a job now, and again whenever its image or one of its triggers changes.

    It is a command, not a container in the state: a non-zero exit fails the update with the job's output, what
    depends on it stays untouched, and the next update runs it again. A container that an interrupted run left
    is removed first, so a job must be safe to repeat.
    """
    name = identity.name(f"job_{args.name}")
    create = pulumi.Output.all(
        image=args.image,
        command=list(args.command),
        environment=dict(args.environment),
        labels=dict(identity.labels(f"job_{args.name}")),
        secrets=args.secrets_folder,
    ).apply(lambda known: _docker_run(name, args, **known))
    return host.run(name, create=create, triggers=[args.image, *args.triggers], opts=opts)


def _docker_run(
    name: str,
    args: JobArgs,
    *,
    image: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    labels: Mapping[str, str],
    secrets: str | None,
) -> str:
    words = ["docker", "run", "--rm", "--name", name, "--network", args.network, "--user", args.user]
    words += ["--read-only", "--tmpfs", "/tmp:rw,noexec,nosuid,nodev,size=64m", "--cap-drop", "ALL"]  # noqa: S108
    words += ["--security-opt", "no-new-privileges:true", "--pids-limit", "256"]
    words += ["--memory", f"{args.memory_mb}m", "--memory-swap", f"{args.memory_mb}m"]
    for key, value in sorted(labels.items()):
        words += ["--label", f"{key}={value}"]
    for key, value in sorted(environment.items()):
        words += ["--env", f"{key}={value}"]
    if secrets:
        words += ["--mount", f"type=bind,source={secrets},target=/run/secrets,readonly"]
    words += [image, *command]
    return f"docker rm --force {name} >/dev/null 2>&1 || true\n{shlex.join(words)}"
