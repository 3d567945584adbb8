"""What a check has to say when the system isn't as declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One difference: what, where, what was declared, what was found, and what to do about it."""

    what: str
    where: str
    declared: str
    found: str
    next_step: str

    def __str__(self) -> str:
        return (
            f"{self.where}: {self.what}\n"
            f"  declared: {self.declared}\n"
            f"  found:    {self.found}\n"
            f"  next:     {self.next_step}"
        )


class Differs(AssertionError):
    """A check failed, with everything it found."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class Comparison:
    """Collects the findings about one place, so that one run names all of them."""

    def __init__(self, where: str, next_step: str) -> None:
        self._where = where
        self._next_step = next_step
        self.findings: list[Finding] = []

    def equal(self, what: str, *, declared: object, found: object, next_step: str = "") -> None:
        self.holds(declared == found, what, declared=declared, found=found, next_step=next_step)

    def holds(self, condition: bool, what: str, *, declared: object, found: object, next_step: str = "") -> None:
        if not condition:
            self.findings.append(
                Finding(what, self._where, _said(declared), _said(found), next_step or self._next_step)
            )


@contextmanager
def comparing(where: object, *, next_step: str) -> Iterator[Comparison]:
    """Compare several facts about ``where``; what differs is raised together at the end, as ``Differs``."""
    comparison = Comparison(str(where), next_step)
    yield comparison
    if comparison.findings:
        raise Differs(tuple(comparison.findings))


def _said(value: object) -> str:
    """A value as a person would say it: sets in order, nothing as "none"."""
    if isinstance(value, set | frozenset | list | tuple):
        items = value if isinstance(value, list | tuple) else sorted(value, key=str)
        return ", ".join(_said(item) for item in items) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None or value == "" else str(value).strip()
