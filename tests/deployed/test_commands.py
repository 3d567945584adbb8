"""The operator's everyday commands, on the running stack of the tests."""

from __future__ import annotations

import stat
from xml.etree import ElementTree

import pytest
import requests

from operate.working_copy import ROOT
from tests.deployed.conftest import neurocore

HERE = ("--stack", "test")


def test_logs_show_all_instances_in_order_of_time_and_filter(test_stack):
    marks = [f"commands-test-{number:04d}" for number in range(8)]
    api = test_stack.outputs["urls"]["api"].removesuffix("/api/docs")
    for mark in marks:
        requests.get(f"{api}/api/status", headers={"X-Request-ID": mark}, timeout=10).raise_for_status()
    lines = neurocore("logs", "api", *HERE, "--since", "5m", "--grep", "commands-test-").stdout.splitlines()
    assert [mark for line in lines for mark in marks if mark in line] == marks
    assert {line.split()[0] for line in lines} == {
        c["name"] for c in test_stack.outputs["services"]["api"]["containers"]
    }


def test_logs_of_a_service_that_is_not_there(test_stack):
    refused = neurocore("logs", "apis", *HERE, check=False)
    assert refused.returncode == 1 and "There is no container of a service 'apis'" in refused.stdout
    assert "postgres" in refused.stdout


def test_a_secret_is_shown_alone_and_names_without_values(test_stack):
    secrets = test_stack.outputs["secrets"]
    assert neurocore("secret", "flower_password", *HERE).stdout == secrets["flower_password"] + "\n"
    names = neurocore("secret", *HERE).stdout
    assert names.split() == sorted(secrets)
    refused = neurocore("secret", "flower", *HERE, check=False)
    assert refused.returncode == 1 and "There is no secret 'flower'" in refused.stdout


def test_flower_wants_the_password(test_stack):
    url = test_stack.outputs["urls"]["flower"]
    password = test_stack.outputs["secrets"]["flower_password"]
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, auth=("admin", password), timeout=10).status_code == 200


def test_status_and_doctor_find_everything_well(test_stack):
    for command in ("status", "doctor"):
        said = neurocore(command, *HERE)
        assert "bad" not in said.stdout and "neurocoretest_edge" in said.stdout


def test_exec_hands_on_input_output_and_exit_code(test_stack):
    assert neurocore("exec", *HERE, "api", "cat", stdin="through\n").stdout == "through\n"
    assert neurocore("exec", *HERE, "api", "sh", "-c", "exit 7", check=False).returncode == 7


def test_verify_writes_junit_xml(test_stack, tmp_path):
    neurocore("verify", *HERE, "--junit-xml", str(tmp_path / "verify.xml"))
    suite = ElementTree.parse(tmp_path / "verify.xml").getroot().find("testsuite")  # noqa: S314 - our own file
    assert int(suite.get("tests")) > 150 and suite.get("failures") == "0"


def test_preview_touches_nothing_and_says_so(test_stack):
    said = neurocore("preview", *HERE).stdout
    assert "unchanged" in said and "to update" not in said and "to create" not in said


@pytest.mark.parametrize("name", ["passphrase", "state", "run"])
def test_what_holds_secrets_is_for_this_user_alone(test_stack, name):
    path = ROOT / ".neurocore" / name
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or stat.S_IMODE((ROOT / ".neurocore").stat().st_mode) == 0o700


def test_no_outputs_with_secrets_are_left_lying_about(test_stack):
    assert list((ROOT / ".neurocore" / "run").glob("outputs-*")) == []
