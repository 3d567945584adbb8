"""The command line: what ./neurocore understands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from operate import docker_engine, verification
from operate.bench import bench as run_bench
from operate.doctor import doctor as run_doctor
from operate.down import down as run_down
from operate.errors import UserError
from operate.logs import logs as show_logs
from operate.progress import terminal
from operate.session import Session, open_session
from operate.status import show
from operate.testing import TIERS
from operate.testing import test as run_tests
from operate.up import up as run_up

app = typer.Typer(
    help="Neurocore on its servers: declared, previewed, verified, recoverable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Stack = Annotated[str, typer.Option("--stack", "-s", help="Which environment.")]
Mode = Literal["auto", "online", "offline"]


def main() -> None:
    """Run a command; an error an operator can put right is printed as such, everything else is a bug."""
    try:
        # Outside its standalone mode typer returns the code of a typer.Exit instead of raising it.
        sys.exit(app(standalone_mode=False) or 0)
    except UserError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
        sys.exit(1)
    except (typer.Abort, KeyboardInterrupt):
        print("Interrupted. Running the same command again goes on from here.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        # A wrong option or argument: click has its own words for it.
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            sys.exit(error.exit_code)
        raise


@app.command()
def up(
    stack: Stack = "local",
    source: Annotated[
        Mode, typer.Option(help="Where toolchain and images come from; auto takes whichever works.")
    ] = "auto",
    verify: Annotated[bool, typer.Option(help="Prove the result with the verification suite.")] = True,
) -> None:
    """Bring a stack up: set up what is missing, update, verify. Safe to repeat."""
    raise typer.Exit(run_up(stack, mode=source, verify=verify))


@app.command()
def down(
    stack: Stack = "local",
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Remove the data too; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Take a stack down. Its data stays unless --delete-data is given."""
    raise typer.Exit(run_down(stack, delete_data=delete_data, yes=yes))


@app.command()
def status(stack: Stack = "local") -> None:
    """Show services, containers, addresses and health; exits with 1 when something isn't well."""
    session = _existing(stack)
    raise typer.Exit(0 if show(session.stack.outputs(), session.settings.host.docker, terminal()) else 1)


@app.command()
def verify(
    stack: Stack = "local",
    junit_xml: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML to this file.")] = None,
) -> None:
    """Check the running stack against what it declares, from outside."""
    session = _existing(stack)
    raise typer.Exit(
        verification.verify(
            session.copy, stack, session.stack.outputs(), junit_xml=junit_xml.resolve() if junit_xml else None
        )
    )


@app.command()
def preview(
    stack: Stack = "local",
    diff: Annotated[bool, typer.Option("--diff", help="Show every property that changes.")] = False,
) -> None:
    """Show what `up` would change; touches nothing, and needs no Docker."""
    open_session(stack, report=print).stack.preview(diff=diff)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="A service, such as api.")],
    stack: Stack = "local",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as new lines come.")] = False,
    since: Annotated[str, typer.Option(help="How far back, such as 10m or 2h.")] = "1h",
    grep: Annotated[str, typer.Option(help="Only lines that contain this.")] = "",
) -> None:
    """Show a service's logs, of all its instances, in order of time."""
    raise typer.Exit(show_logs(_existing(stack), service, follow=follow, since=since, grep=grep))


@app.command(name="exec", context_settings={"ignore_unknown_options": True})
def exec_(
    service: Annotated[str, typer.Argument(help="A service, such as api.")],
    command: Annotated[list[str], typer.Argument(help="What to run in its first container.")],
    stack: Stack = "local",
) -> None:
    """Run a command in a service's container."""
    session = _existing(stack)
    container = _service(session, service)["containers"][0]["name"]
    terminal = ["--interactive"] + (["--tty"] if sys.stdin.isatty() else [])
    words = ["docker", "--host", session.settings.host.docker, "exec", *terminal, container, *command]
    raise typer.Exit(subprocess.run(words, check=False).returncode)


@app.command()
def secret(
    name: Annotated[str, typer.Argument(help="Which; without it the names are listed.")] = "",
    stack: Stack = "local",
) -> None:
    """Show one of the stack's secrets, such as flower_password."""
    secrets = _existing(stack).stack.outputs()["secrets"]
    if not name:
        print("\n".join(sorted(secrets)))
        return
    if name not in secrets:
        raise UserError(f"There is no secret {name!r}.", next_step=f"choose one of {', '.join(sorted(secrets))}")
    print(secrets[name])


@app.command()
def doctor(stack: Stack = "local") -> None:
    """Say what is there, what is missing, and the command that mends it."""
    raise typer.Exit(run_doctor(stack))


@app.command(context_settings={"ignore_unknown_options": True})
def test(
    tiers: Annotated[list[str] | None, typer.Argument(help=f"Which of {', '.join(TIERS)}; all without it.")] = None,
    junit_xml: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML to this file.")] = None,
    k: Annotated[str, typer.Option("-k", help="Only tests that match this, as in pytest.")] = "",
) -> None:
    """Run the tests, from the quick ones to those on a real stack of their own beside yours."""
    raise typer.Exit(run_tests(tiers or list(TIERS), junit_xml=junit_xml, match=k))


@app.command()
def bench(stack: Stack = "local", rounds: Annotated[int, typer.Option(min=1, max=50)] = 5) -> None:
    """Measure: an update without changes, a preview, memory at rest. Prints figures, judges nothing."""
    raise typer.Exit(run_bench(stack, rounds))


def _existing(stack: str) -> Session:
    """A session on a stack that has a state, with its engine answering."""
    session = open_session(stack, report=lambda said: print(said, file=sys.stderr))
    if not session.stack.exists():
        raise UserError(f"Stack {stack} isn't up.", next_step=f"./neurocore up --stack {stack}")
    if docker_engine.find(session.settings.host.docker) is None:
        raise UserError(
            f"The Docker Engine at {session.settings.host.docker} doesn't answer.",
            next_step=f"start it, or let ./neurocore up --stack {stack} do so",
        )
    if not session.stack.is_up():
        raise UserError(f"Stack {stack} is down; only its data is there.", next_step=f"./neurocore up --stack {stack}")
    return session


def _service(session: Session, service: str) -> dict:
    services = session.stack.outputs()["services"]
    if service not in services:
        raise UserError(f"There is no service {service!r}.", next_step=f"choose one of {', '.join(services)}")
    return services[service]
