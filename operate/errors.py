"""The one error a person at the terminal is meant to read."""

from __future__ import annotations


class UserError(Exception):
    """Something the operator can put right: what is wrong, where, and what to do next.

    The command line prints it as three short lines and exits with 1; it never shows a traceback for it.
    """

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.next_step:
            lines.append(f"  next:  {self.next_step}")
        return "\n".join(lines)
