"""Looks at everything a stack needs, and names the command that mends what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from operate import docker_engine, preflight
from operate.errors import UserError
from operate.progress import terminal
from operate.pulumi_stack import settings_of
from operate.session import open_session, require_stack
from operate.status import show
from operate.working_copy import ROOT, WorkingCopy

# Images, layers and data of one stack, with room for a release and its predecessor.
FREE_DISK_GB = 10


def doctor(stack: str) -> int:
    """Print one line a finding; returns 1 when something must be mended."""
    console = terminal()
    copy = WorkingCopy(ROOT)
    require_stack(copy, stack)
    well = True

    def found(what: str, check: Callable[[], str]) -> bool:
        nonlocal well
        try:
            console.print(f"[green]ok[/green]   {what}: {check()}")
        except UserError as error:
            well = False
            console.print(f"[red]bad[/red]  {what}: {error.what}")
            if error.next_step:
                console.print(f"       next: {error.next_step}", markup=False)
            return False
        return True

    found("disk", lambda: _disk(copy))
    if not found("configuration", lambda: f"{settings_of(copy, stack).prefix}* is valid"):
        return 1
    settings = settings_of(copy, stack)
    found("toolchain", lambda: open_session(stack).toolchain.origin)
    if found("docker", lambda: _engine(settings.host.docker).version):
        found(
            "size and ports",
            lambda: preflight.check(settings, _engine(settings.host.docker)) or "enough, and free",
        )
        session = open_session(stack)
        if not session.stack.exists():
            console.print(f"--   stack {stack} was never brought up: ./neurocore up --stack {stack}")
        elif not session.stack.is_up():
            console.print(f"--   stack {stack} is down, its data is kept: ./neurocore up --stack {stack}")
        elif not show(session.stack.outputs(), settings.host.docker, console):
            well = False
            console.print(f"[red]bad[/red]  some of stack {stack} isn't well: ./neurocore up --stack {stack}")
    return 0 if well else 1


def _engine(address: str) -> docker_engine.Engine:
    engine = docker_engine.find(address)
    if engine is None:
        raise UserError(f"no engine answers at {address}", next_step="./neurocore up starts or installs it")
    return engine


def _disk(copy: WorkingCopy) -> str:
    free = shutil.disk_usage(copy.root).free // 10**9
    if free < FREE_DISK_GB:
        raise UserError(f"{free} GB are free", next_step=f"make room; images and data want {FREE_DISK_GB} GB")
    return f"{free} GB free"
