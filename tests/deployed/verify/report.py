"""A pytest plugin that tells an operator what was verified: one line a kind of check, then what differs.

Loaded with ``-p tests.deployed.verify.report``. It silences pytest's own progress and tracebacks; the exit code
and ``--junitxml`` stay pytest's. A kind is a file: ``test_limits.py`` holds the checks called "limits".
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from pathlib import PurePosixPath

import pytest
from _pytest.terminal import TerminalReporter

from tests.deployed.verify.findings import Differs


def pytest_addoption() -> None:
    """Refuse a run without outputs before anything is collected: nothing to verify must not look like a pass."""
    if "NEUROCORE_OUTPUTS" not in os.environ:
        raise pytest.UsageError(
            "NEUROCORE_OUTPUTS isn't set: it names the file with the stack's outputs. "
            "Run `./neurocore verify`, which sets it."
        )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Quiet pytest's terminal reporter before it is made; what is said is said here."""
    config.option.verbose = -2
    config.option.no_header = True
    config.option.tbstyle = "no"
    config.option.reportchars = "N"
    config.pluginmanager.register(VerificationReport(), "verification-report")


class VerificationReport:
    """Prints a kind's line when the last of its checks is done, and everything that differs at the end."""

    def __init__(self) -> None:
        self._terminal: TerminalReporter | None = None
        self._left: Counter[str] = Counter()
        self._outcomes: dict[str, Counter[str]] = {}
        # What to tell, and the checks that say it: a fault in a shared fixture is told once.
        self._faults: dict[str, list[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        self._left.update(_kind(item.nodeid) for item in session.items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._faults.setdefault(f"{report.nodeid} can't be read:\n{report.longreprtext}", [])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and call.excinfo is not None:
            if isinstance(call.excinfo.value, Differs):
                # The findings say it all; where in the check they were made helps nobody.
                report.longrepr = str(call.excinfo.value)
                self._faults.setdefault(report.longrepr, []).append(report.nodeid)
            else:
                reason = f"could not be checked: {call.excinfo.typename}: {call.excinfo.value}"
                self._faults.setdefault(reason, []).append(report.nodeid)
        return report

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Count as pytest does, and print nothing for a single check."""
        if report.passed:
            category = "passed" if report.when == "call" else ""
        else:
            category = "error" if report.failed and report.when != "call" else report.outcome
        if category:
            self._outcomes.setdefault(_kind(report.nodeid), Counter())[category] += 1
        return category, "", ""

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        kind = _kind(nodeid)
        self._left[kind] -= 1
        if not self._left[kind]:
            self._print_kind(kind)

    def _print_kind(self, kind: str) -> None:
        assert self._terminal is not None
        outcomes = self._outcomes.get(kind, Counter())
        failed = outcomes["failed"] + outcomes["error"]
        checked = outcomes["passed"] + failed
        self._terminal.write(f"{kind:<12}{checked:>4} checked   ")
        if failed:
            self._terminal.write(f"{failed} FAILED", red=True, bold=True)
        elif checked:
            self._terminal.write("ok", green=True)
        if outcomes["skipped"]:
            self._terminal.write(f"{'   ' if checked else ''}{outcomes['skipped']} not asked", yellow=True)
        self._terminal.write_line("")

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        for fault, nodeids in self._faults.items():
            kinds = ", ".join(dict.fromkeys(_kind(nodeid) for nodeid in nodeids))
            terminalreporter.write_line(f"{kinds}: {fault}\n" if kinds else f"{fault}\n", red=True)
        total = sum(self._outcomes.values(), Counter[str]())
        failed = total["failed"] + total["error"]
        if failed:
            terminalreporter.write_line(f"{failed} of {total.total()} checks failed.", red=True, bold=True)
        elif self._faults or not total["passed"]:
            terminalreporter.write_line("Nothing was checked.", red=True, bold=True)
        else:
            terminalreporter.write_line(f"{total['passed']} checked, all as declared.", green=True)


def _kind(nodeid: str) -> str:
    return PurePosixPath(nodeid.partition("::")[0]).stem.removeprefix("test_")
