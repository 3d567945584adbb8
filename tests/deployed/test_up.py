"""An update of a running stack: nothing without a reason, in place where that can be, and back after every kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from operate.working_copy import ROOT
from tests.deployed.conftest import Stack, inspect, neurocore

SINGLES = ("postgres", "redis", "flower", "edge")
BACK_WITHIN_S = 90


def pulumi(stack: Stack, *words: str) -> str:
    """Plain Pulumi, as after `source .neurocore/env`."""
    done = subprocess.run(
        [
            "bash",
            "-c",
            '. .neurocore/env && exec pulumi "$@"',
            "pulumi",
            *words,
            "--stack",
            stack.name,
            "--non-interactive",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def changes(stack: Stack) -> dict[str, str]:
    """What a preview would do: operation by resource name, unchanged ones left out."""
    steps = json.loads(pulumi(stack, "preview", "--json"))["steps"]
    return {step["urn"].rsplit("::", 1)[-1]: step["op"] for step in steps if step["op"] != "same"}


def wait_for(what: str, condition: Callable[[], bool], seconds: float = BACK_WITHIN_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.5)


def healthy(name: str) -> bool:
    state = inspect(name)[0]["State"]
    return state["Running"] and state["Health"]["Status"] == "healthy"


def ids(stack: Stack) -> dict[str, str]:
    names = list(stack.containers())
    return {name: found["Id"] for name, found in zip(names, inspect(*names), strict=True)}


@pytest.fixture
def setting(test_stack: Stack):
    """Set one configuration key for a test; taken back afterwards, in the running stack too."""
    taken_back = []

    def apply(key: str, value: str) -> None:
        pulumi(test_stack, "config", "set", "--path", f"neurocore:{key}", value)
        taken_back.append(key)

    yield apply
    for key in taken_back:
        pulumi(test_stack, "config", "rm", "--path", f"neurocore:{key}")
    neurocore("up", "--stack", "test", "--no-verify")
    test_stack.refresh_outputs()


def test_the_stack_is_as_declared(test_stack):
    assert "all as declared" in neurocore("verify", "--stack", "test").stdout


def test_both_stacks_run_beside_each_other(test_stack, local_stack):
    assert "neurocore_edge" in neurocore("status").stdout
    assert "neurocoretest_edge" in neurocore("status", "--stack", "test").stdout


def test_a_second_up_changes_nothing(test_stack):
    before = ids(test_stack)
    assert "no changes" in neurocore("up", "--stack", "test", "--no-verify").stdout
    assert ids(test_stack) == before


def test_after_a_refresh_there_is_still_nothing_to_change(test_stack):
    pulumi(test_stack, "refresh", "--yes", "--skip-preview")
    assert changes(test_stack) == {}


def test_a_workers_memory_changes_in_place_and_nothing_else(test_stack, setting):
    before = ids(test_stack)
    worker = next(name for name, service in test_stack.containers().items() if service == "worker")
    setting("limits.worker.memory_mb", "1280")
    assert changes(test_stack) == {"neurocoretest_worker_1": "update"}
    assert "1 update" in neurocore("up", "--stack", "test", "--no-verify").stdout
    assert ids(test_stack) == before
    assert inspect(worker)[0]["HostConfig"]["Memory"] == 1280 * 2**20
    test_stack.refresh_outputs()
    assert test_stack.outputs["services"]["worker"]["limits"]["memory_mb"] == 1280


def test_the_default_memory_comes_back(test_stack):
    assert test_stack.outputs["services"]["worker"]["limits"]["memory_mb"] == 1024


@pytest.mark.parametrize("service", ["redis", "flower", "edge"])
def test_replacing_a_single_replaces_nothing_else(test_stack, service):
    """What a new Postgres does to the rest is covered by its own test: its memory is its start arguments."""
    planned = json.loads(
        pulumi(test_stack, "preview", "--json", "--replace", urn_of(test_stack, f"neurocoretest_{service}"))
    )["steps"]
    touched = {step["urn"].rsplit("::", 1)[-1] for step in planned if step["op"] != "same"}
    assert touched == {f"neurocoretest_{service}", f"neurocoretest_{service}-pids"}


def test_replacing_postgres_replaces_nothing_else(test_stack, setting):
    setting("limits.postgres.memory_mb", "2304")
    touched = changes(test_stack)
    assert set(touched) == {"neurocoretest_postgres", "neurocoretest_postgres-pids"}


def urn_of(stack: Stack, name: str) -> str:
    exported = json.loads(pulumi(stack, "stack", "export"))
    return next(
        resource["urn"]
        for resource in exported["deployment"]["resources"]
        if resource["urn"].endswith(f"docker:index/container:Container::{name}")
    )


@pytest.mark.parametrize("service", ["postgres", "redis", "api", "worker", "flower", "frontend", "edge"])
def test_a_killed_main_process_comes_back(test_stack, service):
    for name in [name for name, of in test_stack.containers().items() if of == service]:
        before = inspect(name)[0]["State"]
        os.kill(before["Pid"], signal.SIGKILL)

        def back(name: str = name, started: str = before["StartedAt"]) -> bool:
            return inspect(name)[0]["State"]["StartedAt"] != started and healthy(name)

        wait_for(f"{name} healthy again after kill -9", back)


def test_after_all_these_kills_the_stack_is_as_declared(test_stack):
    wait_for("every container healthy", lambda: all(healthy(name) for name in test_stack.containers()))
    neurocore("verify", "--stack", "test")
    assert changes(test_stack) == {}


def test_a_new_route_reloads_the_edge_and_replaces_nothing(test_stack, setting):
    """Twice the replicas and four spare slots: another number of replicas is another configuration."""
    before = ids(test_stack)["neurocoretest_edge"]
    setting("replicas.frontend", "3")
    neurocore("up", "--stack", "test", "--no-verify")
    test_stack.refresh_outputs()
    assert ids(test_stack)["neurocoretest_edge"] == before
    assert len(test_stack.outputs["services"]["frontend"]["containers"]) == 3
    neurocore("verify", "--stack", "test")


def test_fewer_replicas_take_the_last_one_away(test_stack):
    assert len(test_stack.outputs["services"]["frontend"]["containers"]) == 2


def test_where_registration_is_closed_an_operator_makes_accounts(test_stack, setting):
    """The release's journey and the verification need an account too."""
    setting("app.registration", "closed")
    assert "all as declared" in neurocore("up", "--stack", "test").stdout
    made = neurocore(
        "exec", "--stack", "test", "api", "neurocore", "account", "add", "a@example.org", stdin="short\n", check=False
    )
    assert made.returncode == 1 and "10 to 256 are allowed" in made.stdout


def test_a_failing_migration_stops_the_update_with_the_old_version_serving(test_stack):
    """The database refuses the migration's login: what depends on it must stay untouched."""
    before = ids(test_stack)
    urn = next(
        resource["urn"]
        for resource in json.loads(pulumi(test_stack, "stack", "export"))["deployment"]["resources"]
        if resource["urn"].endswith("::neurocoretest_job_migrate")
    )
    psql("CREATE ROLE rescuer SUPERUSER LOGIN; ALTER ROLE neurosurgery_admin NOLOGIN", user="neurosurgery_admin")
    try:
        failed = subprocess.run(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "test", "--replace", urn],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert failed.returncode != 0
        assert "neurocoretest_job_migrate" in failed.stdout and "not permitted to log in" in failed.stdout
        assert ids(test_stack) == before
    finally:
        psql("ALTER ROLE neurosurgery_admin LOGIN", user="rescuer")
        psql("DROP ROLE rescuer", user="neurosurgery_admin")
    neurocore("up", "--stack", "test")
    assert ids(test_stack) == before


def psql(statements: str, *, user: str) -> None:
    """Through the database's local socket, which asks for no password."""
    subprocess.run(
        ["docker", "exec", "neurocoretest_postgres", "psql", "-qU", user, "-d", "postgres", "-c", statements],
        check=True,
        capture_output=True,
    )
