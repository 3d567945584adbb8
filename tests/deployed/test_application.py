"""The application's own tests that need services, on the Postgres and the Redis of the tests' stack."""

from __future__ import annotations

import os
import subprocess
import sys

from operate.working_copy import ROOT
from tests.deployed.conftest import neurocore

TESTS = "app-images/api/tests/test_with_services.py"


def test_with_services(test_stack):
    """They use a database of their own, but take over the application's role and empty Redis: put right by an update."""
    secrets = test_stack.outputs["secrets"]
    ports = {
        name: described["ports"][0]["host"]
        for name, described in test_stack.outputs["services"].items()
        if described["ports"]
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS],
        cwd=ROOT,
        env={
            **os.environ,
            "NEUROCORE_TEST_DATABASE_URL": "postgresql://neurosurgery_admin:"
            f"{secrets['postgres_admin_password']}@127.0.0.1:{ports['postgres']}/postgres",
            "NEUROCORE_TEST_REDIS_URL": f"redis://:{secrets['redis_password']}@127.0.0.1:{ports['redis']}",
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
