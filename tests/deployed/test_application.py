"""The application's own tests that need services, on the Postgres of the tests' stack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from operate.working_copy import ROOT
from tests.deployed.conftest import inspect, neurocore

TESTS = "app-images/api/tests/test_with_services.py"


@pytest.fixture
def spare_redis(test_stack) -> Iterator[str]:
    """A Redis of their own, by URL: the stack's worker would take their tasks from the queue."""
    image = inspect("neurocoretest_redis")[0]["Image"]
    run = ["docker", "run", "--detach", "--rm", "--publish", "127.0.0.1::6379", image]
    made = subprocess.run([*run, "redis-server", "--requirepass", "spare"], capture_output=True, text=True, check=True)
    name = made.stdout.strip()
    try:
        port = inspect(name)[0]["NetworkSettings"]["Ports"]["6379/tcp"][0]["HostPort"]
        yield f"redis://:spare@127.0.0.1:{port}"
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)


def test_with_services(test_stack, spare_redis):
    """On the stack's Postgres they use a database of their own, but give the application's role another password."""
    password = test_stack.outputs["secrets"]["postgres_admin_password"]
    port = test_stack.outputs["services"]["postgres"]["ports"][0]["host"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS],
        cwd=ROOT,
        env={
            **os.environ,
            "NEUROCORE_TEST_DATABASE_URL": f"postgresql://neurosurgery_admin:{password}@127.0.0.1:{port}/postgres",
            "NEUROCORE_TEST_REDIS_URL": spare_redis,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout and "skipped" not in done.stdout, done.stdout


def test_a_database_password_changed_by_hand_is_set_again(test_stack):
    """Which the tests above did: the role of the application has their password now."""
    said = neurocore("up", "--stack", "test").stdout
    assert "setting it again" in said
    assert "all as declared" in said
