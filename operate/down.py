"""Taking a stack down: its containers, and on demand its data."""

from __future__ import annotations

import typer

from operate import docker_engine
from operate.errors import UserError
from operate.progress import Progress
from operate.session import open_session, require_stack
from operate.working_copy import ROOT, WorkingCopy


def down(stack: str, *, delete_data: bool, yes: bool) -> int:
    """Remove the stack's containers and networks; its volumes and passwords too with ``delete_data``."""
    progress = Progress()
    copy = WorkingCopy(ROOT)
    require_stack(copy, stack)
    with copy.lock(f"down --stack {stack}"):
        session = open_session(stack, report=progress.say)
        if not session.stack.exists():
            progress.say(f"Stack {stack} isn't up and has no data: nothing to do.")
            return 0
        if delete_data and not yes:
            progress.say(
                f"This deletes the data of stack {stack} for good: documents, database, queue, and their passwords."
            )
            if typer.prompt(f"Type the stack's name ({stack}) to go on", default="", show_default=False) != stack:
                raise UserError("That isn't the stack's name.", next_step="nothing was touched")
        docker_engine.ensure(session.settings.host.docker, progress.say)
        with progress.step(f"Taking stack {stack} down" + (" with its data" if delete_data else "")):
            session.stack.destroy(progress, keep_data=not delete_data)
            if delete_data:
                session.stack.remove()
        progress.say(
            f"Stack {stack} and its data are gone."
            if delete_data
            else f"Stack {stack} is down. Its data is kept: ./neurocore up --stack {stack} goes on with it."
        )
        return 0
