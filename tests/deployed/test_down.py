"""Taking a stack down: the data stays, until it is told to go."""

from __future__ import annotations

import subprocess

import requests

from operate.working_copy import ROOT
from tests.deployed.conftest import neurocore

STACK = "test"


def listed(kind: str) -> set[str]:
    """Names of the stack's containers, volumes or networks, running or not."""
    words = {
        "containers": ["ps", "--all", "--format", "{{.Names}}"],
        "volumes": ["volume", "ls", "--format", "{{.Name}}"],
        "networks": ["network", "ls", "--format", "{{.Name}}"],
    }[kind]
    command = ["docker", *words, "--filter", f"label=neurocore.stack={STACK}"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_down_keeps_the_data_and_up_goes_on_with_it(test_stack):
    api = test_stack.outputs["urls"]["api"].removesuffix("/api/docs")
    account = {"email": "down@example.org", "password": "correct horse battery"}
    requests.post(f"{api}/api/auth/register", json=account, timeout=10).raise_for_status()
    before = test_stack.outputs["secrets"]

    said = neurocore("down", "--stack", STACK).stdout
    assert "Its data is kept" in said
    assert listed("containers") == set()
    assert listed("networks") == set()
    assert listed("volumes") == {f"neurocoretest_{service}_data" for service in ("postgres", "redis", "api")}
    assert "only its data is there" in neurocore("status", "--stack", STACK, check=False).stdout

    neurocore("up", "--stack", STACK, "--no-verify")
    test_stack.refresh_outputs()
    assert test_stack.outputs["secrets"] == before
    login = requests.post(f"{api}/api/auth/login", json=account, timeout=10)
    assert login.status_code == 200, login.text


def test_delete_data_asks_first(test_stack):
    refused = neurocore("down", "--stack", STACK, "--delete-data", check=False, stdin="no\n")
    assert refused.returncode != 0 and "nothing was touched" in refused.stdout
    assert "neurocoretest_postgres" in listed("containers")


def test_delete_data_leaves_nothing(test_stack):
    neurocore("down", "--stack", STACK, "--delete-data", stdin=f"{STACK}\n")
    for kind in ("containers", "volumes", "networks"):
        assert listed(kind) == set(), kind
    left = [path for path in (ROOT / ".neurocore" / "run" / STACK).rglob("*") if path.is_file()]
    assert left == [], "files of secrets or configuration"
    assert "isn't up" in neurocore("status", "--stack", STACK, check=False).stdout
    assert "nothing to do" in neurocore("down", "--stack", STACK).stdout
