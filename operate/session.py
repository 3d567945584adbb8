"""What most commands need: the working copy made ready, the toolchain, the stack."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from operate import toolchain
from operate.errors import UserError
from operate.pulumi_stack import PulumiStack, settings_of
from operate.working_copy import ROOT, WorkingCopy
from stacks.settings import Settings

# Stacks that live on this machine, with a generated configuration; all others are committed files.
MACHINE_STACKS = ("local", "test")

GENERATED = """\
# The stack {stack} of this machine: generated, git-ignored. Its defaults are in stacks/settings.py; keys that
# are set here win over them. docs/configuration.md lists them all.
config: {{}}
"""


@dataclass(frozen=True)
class Session:
    """A command's view of one stack."""

    copy: WorkingCopy
    settings: Settings
    toolchain: toolchain.Toolchain
    stack: PulumiStack


def require_stack(copy: WorkingCopy, stack: str) -> None:
    """Refuse a stack that has no configuration, before anything is made for it."""
    if stack in MACHINE_STACKS or copy.configuration(stack).exists():
        return
    known = sorted({path.name.split(".")[1] for path in copy.root.glob("Pulumi.*.yaml")} | set(MACHINE_STACKS))
    raise UserError(
        f"There is no stack {stack!r}.",
        where=f"Pulumi.{stack}.yaml doesn't exist",
        next_step=f"choose one of {', '.join(known)}",
    )


def open_session(stack: str, *, mode: str = "auto", report: Callable[[str], None] = lambda _: None) -> Session:
    """Make the working copy ready and read the stack's settings.

    Args:
        stack: the stack's name.
        mode: where the toolchain may come from: ``online``, ``offline`` or ``auto``.
        report: takes progress sentences.

    Raises:
        UserError: the stack is unknown, its configuration is refused, or the toolchain can't be had.
    """
    copy = WorkingCopy(ROOT)
    require_stack(copy, stack)
    settings = settings_of(copy, stack)
    copy.prepare()
    if stack in MACHINE_STACKS and not copy.configuration(stack).exists():
        copy.configuration(stack).write_text(GENERATED.format(stack=stack))
    tools = toolchain.ensure(copy.pulumi_home, cache=copy.cache, mode=mode, report=report)
    environment = copy.environment(tools.environment())
    copy.write_env(environment)
    os.environ.update(environment)
    return Session(copy, settings, tools, PulumiStack(stack, copy, environment))
