"""A log line is one line, can be read back, and holds no text of documents."""

from __future__ import annotations

import logging
import shlex

import pytest
import structlog

from neurocore_app import logfmt, logs


@pytest.mark.parametrize(
    ("value", "rendered"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ('say "no"', '"say \\"no\\""'),
        ("a=b", '"a=b"'),
        ("back\\slash", '"back\\\\slash"'),
        ("line\nbreak\r\t", '"line\\nbreak\\r\\t"'),
        ("\x1b[31mred\x00", '"\\x1b[31mred\\x00"'),
        ("", '""'),
        (None, ""),
        (True, "true"),
        (1.5, "1.5"),
    ],
)
def test_values_are_escaped(value: object, rendered: str) -> None:
    line = logfmt.render({"key": value})
    assert line == f"key={rendered}"
    assert "\n" not in line


def pairs(line: str) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in shlex.split(line))


def test_our_events_and_those_of_libraries_have_the_same_keys(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", service="test")
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        structlog.get_logger("ours").info("something happened", count=3)
        logging.getLogger("theirs").warning("done %d of %d", 1, 2)
    ours, theirs = (pairs(line) for line in capsys.readouterr().out.splitlines())
    assert ours["msg"] == "something happened"
    assert (ours["level"], ours["request_id"], ours["count"], ours["service"]) == ("info", "abc", "3", "test")
    assert (theirs["level"], theirs["request_id"], theirs["msg"]) == ("warning", "abc", "done 1 of 2")
    assert theirs["logger"] == "theirs"


def test_a_traceback_is_one_line_without_any_message(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", service="test")
    for logger in (structlog.get_logger("ours"), logging.getLogger("theirs")):
        try:
            try:
                raise ValueError("CANARY-7")
            except ValueError as cause:
                raise PermissionError(13, "Permission denied", "/data/CANARY-7") from cause
        except PermissionError:
            logger.error("it failed", exc_info=True)
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert "CANARY" not in out
    for line in out.splitlines():
        assert pairs(line)["error"] == "PermissionError[Permission denied] from ValueError"
        assert "test_logs.py" in pairs(line)["traceback"]


def test_less_than_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", service="test")
    structlog.get_logger("quiet").info("nobody reads this")
    assert capsys.readouterr().out == ""
