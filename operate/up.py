"""Bringing a stack up: everything it needs made ready, the update, and the proof."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

from pulumi import automation as auto

from operate import docker_engine, images, preflight, verification
from operate.errors import UserError
from operate.progress import Progress
from operate.pulumi_stack import NAMESPACE, settings_of
from operate.repair import repair
from operate.session import MACHINE_STACKS, Session, open_session, require_stack
from operate.status import show
from operate.working_copy import ROOT, WorkingCopy


def up(stack: str, *, mode: str, verify: bool) -> int:
    """Bring ``stack`` up and prove it; returns the exit code.

    Args:
        stack: the stack's name.
        mode: where toolchain and images may come from: ``online``, ``offline`` or ``auto``.
        verify: whether to run the verification suite afterwards.
    """
    progress = Progress()
    copy = WorkingCopy(ROOT)
    require_stack(copy, stack)
    with copy.lock(f"up --stack {stack}"):
        session = _ready(stack, mode, progress)
        with progress.step(f"Updating stack {stack}"):
            try:
                session.stack.up(progress, run_again=repair(session, progress))
            except UserError as error:
                _show_unhealthy(session, progress)
                raise error
            made = {op: n for op, n in progress.changes.items() if op != "same"}
            progress.say("  " + (", ".join(f"{n} {op}" for op, n in sorted(made.items())) or "no changes"))
        outputs = session.stack.outputs()
        if verify:
            progress.console.print("[bold]Verifying[/bold]")
            code = verification.verify(copy, stack, outputs)
            if code != 0:
                raise UserError(
                    "The stack is up, but not as declared: see the checks above.",
                    next_step=f"./neurocore logs SERVICE --stack {stack}; after a repair: ./neurocore verify --stack {stack}",
                )
        show(outputs, session.settings.host.docker, progress.console)
        return 0


def _ready(stack: str, mode: str, progress: Progress) -> Session:
    """Toolchain, Docker and images, side by side where they don't need each other."""
    copy = WorkingCopy(ROOT)
    settings = settings_of(copy, stack)
    with progress.step("Making ready"):
        with ThreadPoolExecutor(max_workers=2) as pool:
            tools = pool.submit(open_session, stack, mode=mode, report=lambda said: progress.say(f"  {said}"))
            engine = docker_engine.ensure(settings.host.docker, progress.say)
            preflight.check(settings, engine)
            mirror = ""
            if stack in MACHINE_STACKS:
                try:
                    mirror = images.ensure(
                        settings, mode=mode, cache=copy.cache, report=lambda said: progress.say(f"  {said}")
                    )
                except UserError as error:
                    if not tools.done():
                        progress.say(f"  {error.what}\n  Finishing the toolchain, which the next run will find ready")
                    raise
            session = tools.result()
        progress.say(f"  Docker Engine {engine.version}; {session.toolchain.origin}")
        if stack in MACHINE_STACKS and mirror != settings.images.mirror:
            progress.say(f"  images come from {mirror} (set as {NAMESPACE}images.mirror)")
            session.stack.stack.set_config(f"{NAMESPACE}images.mirror", auto.ConfigValue(mirror), path=True)
    return session


def _show_unhealthy(session: Session, progress: Progress) -> None:
    """The last words of this stack's containers that aren't healthy, before anything clears them away."""
    docker = ["docker", "--host", session.settings.host.docker]
    listed = subprocess.run(
        [*docker, "ps", "--all", "--quiet", "--filter", f"label=neurocore.stack={session.settings.stack}"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    if not listed:
        return
    for container in json.loads(
        subprocess.run([*docker, "inspect", *listed], capture_output=True, text=True, check=False).stdout or "[]"
    ):
        state = container["State"]
        health = state.get("Health") or {}
        if state["Running"] and health.get("Status", "healthy") == "healthy":
            continue
        name = container["Name"].removeprefix("/")
        progress.console.print(f"[bold]{name}[/bold] is {health.get('Status') or state['Status']}; its last words:")
        for check in (health.get("Log") or [])[-1:]:
            progress.say(f"  health check: exit {check['ExitCode']} {check['Output'].strip()}")
        said = subprocess.run(
            [*docker, "logs", "--tail", "15", name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for line in said.stdout.splitlines():
            progress.say(f"  {line}")
