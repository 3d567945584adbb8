"""One log line as ``key=value`` pairs, whatever the values hold."""

from __future__ import annotations

from collections.abc import Mapping

# Control characters would break the line (or the terminal it is read on), so each is written as an escape.
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127, 0x85, 0x2028, 0x2029)}
_ESCAPES |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", ord('"'): '\\"', ord("\\"): "\\\\"}


def render(pairs: Mapping[str, object]) -> str:
    """The pairs in their order; values with spaces, quotes, ``=`` or control characters are quoted and escaped."""
    return " ".join(f"{key}={_value(value)}" for key, value in pairs.items())


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    escaped = text.translate(_ESCAPES)
    if escaped != text or not text or any(character in text for character in " ="):
        return f'"{escaped}"'
    return text
