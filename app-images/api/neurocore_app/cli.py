"""The command ``neurocore``. Imports happen inside the commands: each loads only what it needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

# sysexits.h: EX_CONFIG, EX_UNAVAILABLE.
EX_CONFIG = 78
EX_UNAVAILABLE = 69


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="neurocore", description="Neurocore: API, worker, Flower and their jobs.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("api", help="serve the HTTP API on port 8000")
    commands.add_parser("worker", help="read uploaded documents")
    commands.add_parser("flower", help="show the queue on port 5555")
    commands.add_parser("migrate", help="bring the database to this release's revision")
    journey = commands.add_parser("journey", help="prove the whole thing: upload, find, cite, delete")
    journey.add_argument("--url", required=True, help="an API instance or the edge, such as http://neurocore_edge:8002")
    journey.add_argument("--timeout-s", type=float, default=120, help="until the document must have been read")
    account = commands.add_parser("account", help="make an account; its password is read from standard input")
    account.add_argument("action", choices=["add"])
    account.add_argument("email")
    account.add_argument("--name", default="", help="what the person is called on the page")
    # `neurocore health worker` is a few lines of shell in bin/neurocore: it runs every few seconds.
    health = commands.add_parser("health", help="whether a worker in this container is healthy")
    health.add_argument("service", choices=["worker"])
    options = parser.parse_args(arguments)
    if options.command == "migrate":
        return _migrate()
    if options.command == "journey":
        return _journey(options.url, options.timeout_s)
    if options.command == "account":
        return _add_account(options.email, options.name)
    if options.command == "health":
        parser.error("`neurocore health` is answered by the script bin/neurocore of the image")
    return _supervise(options.command)


def _supervise(service: str) -> int:  # noqa: RET503 - execv does not return
    from neurocore_app import health_files, supervise  # noqa: PLC0415
    from neurocore_app.settings import SettingsError, settings  # noqa: PLC0415

    try:
        config = settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    files = health_files.Files(config.run_dir)
    program = [sys.executable, "-m"]
    if service == "api":
        options = supervise.Options(
            "api",
            [*program, "neurocore_app.server"],
            heartbeat=files.api_heartbeat,
            stale_s=10,
            drain_file=files.draining,
            drain_s=config.drain_seconds,
        )
    elif service == "worker":
        command = [*program, "neurocore_app.worker"]
        options = supervise.Options("worker", command, heartbeat=files.worker_heartbeat, grace_s=55)
    else:
        command = [*program, "neurocore_app.flower"]
        options = supervise.Options("flower", command, probe="127.0.0.1:5555/healthcheck", stale_s=30)
    # Replaces this process, so that what stays for the container's life has loaded nothing it doesn't need.
    os.execv(sys.executable, supervise.command_line(options))  # noqa: S606 - no shell is wanted


def _migrate() -> int:
    from neurocore_app import logs  # noqa: PLC0415
    from neurocore_app.migrate import MigrationError, migrate  # noqa: PLC0415
    from neurocore_app.settings import SettingsError, settings  # noqa: PLC0415

    try:
        config = settings()
        logs.configure(config.log_level, service="migrate")
        migrate(config, lambda line: sys.stdout.write(f"{line}\n"))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    except MigrationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _add_account(email: str, name: str) -> int:
    from neurocore_app import accounts  # noqa: PLC0415
    from neurocore_app.settings import SettingsError  # noqa: PLC0415

    try:
        accounts.add(email, name, sys.stdin.readline().rstrip("\n"))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    except accounts.AccountError as error:
        sys.stderr.write(f"The account was not made: {error}\n")
        return 1
    print(f"Made an account for {email}")
    return 0


def _journey(url: str, timeout_s: float) -> int:
    from neurocore_app.journey import JourneyError, travel  # noqa: PLC0415

    try:
        travel(url, timeout_s=timeout_s, report=lambda line: print(line, flush=True))
    except JourneyError as error:
        sys.stderr.write(f"The journey failed: {error}\n")
        return 1
    return 0
