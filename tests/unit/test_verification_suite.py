"""The verification itself: what it reads, what it asks, and what an operator reads of it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.deployed.verify.findings import Differs, comparing
from tests.deployed.verify.outputs import Stack
from tests.deployed.verify.shell import Answer, http_answer, http_get

pytest_plugins = ["pytester"]

LIMITS = """
import pytest
from tests.deployed.verify.findings import comparing

@pytest.mark.parametrize("container", ["api", "edge"])
def test_limits(container):
    with comparing(container, next_step="run up") as check:
        check.equal("memory in MiB", declared=64, found=64 if container == "api" else 80.0)
"""
HEALTH = """
import pytest

@pytest.fixture(scope="module")
def docker():
    raise ConnectionError("nobody there")

def test_health(docker):
    pass

def test_url(docker):
    pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("NEUROCORE_OUTPUTS", "outputs.json")
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_inprocess("-p", "tests.deployed.verify.report", "-p", "no:cacheprovider", *arguments)


def test_all_as_declared(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_limits=LIMITS)
    result = run(suite, "-k", "api")
    assert result.ret == 0
    assert [line for line in result.outlines if line] == [
        "limits         1 checked   ok",
        "1 checked, all as declared.",
    ]


def test_a_difference_is_told_with_both_sides_and_a_next_step(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_limits=LIMITS)
    result = run(suite, "--junitxml=report.xml")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "limits         2 checked   1 FAILED",
            "limits: edge: memory in MiB",
            "  declared: 64",
            "  found:    80",
            "  next:     run up",
            "1 of 2 checks failed.",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    failure = ET.parse(suite.path / "report.xml").find(".//testcase[@name='test_limits[edge]']/failure")  # noqa: S314
    assert failure is not None
    assert "declared: 64" in (failure.text or "")


def test_what_breaks_many_checks_is_told_once(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_health=HEALTH)
    result = run(suite)
    assert result.ret == 1
    said = result.stdout.str()
    assert "health         2 checked   2 FAILED" in said
    assert said.count("could not be checked: ConnectionError: nobody there") == 1


def test_a_check_that_was_not_asked_is_not_ok(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_ports="import pytest\n\ndef test_ports():\n    pytest.skip('api is exited')\n")
    result = run(suite)
    assert "ports          0 checked   1 not asked" in result.outlines
    assert "Nothing was checked." in result.outlines


def test_a_file_that_cannot_be_read_is_told(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_limits="import nothing_of_this_name")
    result = run(suite)
    assert result.ret == 2
    assert "No module named 'nothing_of_this_name'" in result.stdout.str()
    assert "Nothing was checked." in result.outlines


def test_without_outputs_nothing_runs(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROCORE_OUTPUTS")
    suite.makepyfile(test_limits=LIMITS)
    result = run(suite)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*NEUROCORE_OUTPUTS isn't set*./neurocore verify*"])


def test_every_difference_at_a_place_is_found() -> None:
    with pytest.raises(Differs) as caught, comparing("edge", next_step="run up") as check:
        check.equal("user", declared="99:99", found="root")
        check.equal("networks", declared={"web", "data"}, found=set(), next_step="connect it")
        check.equal("image", declared="a", found="a")
    assert str(caught.value).splitlines() == [
        "edge: user",
        "  declared: 99:99",
        "  found:    root",
        "  next:     run up",
        "edge: networks",
        "  declared: data, web",
        "  found:    none",
        "  next:     connect it",
    ]


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (Answer(0, "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nup 1\n"), 200, "up 1\n"),
        (Answer(0, "HTTP/1.0 404 Not Found\r\n\r\n"), 404, ""),
        (Answer(7, "connection refused"), None, ""),
        (Answer(124, ""), None, ""),
        (Answer(0, ""), None, ""),
        (Answer(0, "SSH-2.0-OpenSSH_9.2\r\n"), None, ""),
    ],
)
def test_an_answer_over_http(answer: Answer, status: int | None, body: str) -> None:
    assert (http_answer(answer).status, http_answer(answer).body) == (status, body)


def test_only_plain_http_is_asked_from_the_host() -> None:
    with pytest.raises(ValueError, match="only http://"):
        http_get("https://example.org/")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"schema": 2}, "schema is 2"),
        ({}, "schema is None"),
        ({"schema": 1, "stack": "test", "prefix": "x_", "urls": {}, "services": {}}, "at least 1 item"),
        ({"schema": 1, "stack": "test", "prefix": "x_", "urls": {}, "services": {"api": {"kind": "odd"}}}, "services"),
    ],
)
def test_outputs_of_nothing_are_refused(tmp_path: Path, content: dict[str, Any], complaint: str) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=complaint):
        Stack.load(file)


def test_a_complaint_about_outputs_shows_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({"schema": 1, "secrets": {"jwt_secret": ["hunter2hunter2"]}}))
    with pytest.raises(ValueError, match="jwt_secret") as caught:
        Stack.load(file)
    assert "hunter2" not in str(caught.value)
