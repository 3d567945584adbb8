"""A file from a multipart request straight to its place, as it arrives.

The framework's form parser keeps files in memory or below /tmp, which is memory here: uploads would be limited by
that.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

# Bytes that are gathered before a thread writes them.
WRITE_SIZE = 1024 * 1024
DEFAULT_NAME = "document.pdf"
LONGEST_NAME = 255


class MultipartError(Exception):
    """The body isn't a multipart form with the expected file; the message says what is wrong with it."""


class _Parts:
    """Collects what the parser says: the wanted part's bytes and file name."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._header = [bytearray(), bytearray()]
        self._headers: dict[str, bytes] = {}
        self._wanted = False
        self.filename: str | None = None
        self.data = bytearray()
        self.ended = False

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._headers.clear,
            "on_header_begin": self._new_header,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_part,
            "on_part_data": self._take,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _new_header(self) -> None:
        self._header = [bytearray(), bytearray()]

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[name.decode("latin-1").lower()] = bytes(value)

    def _begin_part(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        if options.get(b"name", b"").decode("latin-1") != self._field or b"filename" not in options:
            return
        if self.filename is not None:
            raise MultipartError(
                f"The form has more than one file in the field {self._field!r}: send one file a request"
            )
        self._wanted = True
        self.filename = safe_name(options[b"filename"].decode("utf-8", "replace"))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._wanted:
            self.data += data[start:end]

    def _end_part(self) -> None:
        self._wanted = False

    def _end(self) -> None:
        self.ended = True


async def receive_file(request: Request, field: str, write: Callable[[bytes], None]) -> str:
    """Pass the file in ``field`` to ``write`` (in a thread), piece by piece; returns its name.

    Raises MultipartError, ClientDisconnect, and whatever ``write`` raises.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise MultipartError("Send the file as multipart/form-data")
    parts = _Parts(field)
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        async for received in request.stream():
            parser.write(received)
            if len(parts.data) >= WRITE_SIZE:
                await run_in_threadpool(write, bytes(parts.data))
                parts.data.clear()
    except MultipartParseError as error:
        raise MultipartError("The form cannot be read: its parts are not as its boundary says") from error
    if not parts.ended:
        raise MultipartError("The form ended early")
    if parts.filename is None:
        raise MultipartError(f"The form has no file in the field {field!r}")
    await run_in_threadpool(write, bytes(parts.data))
    return parts.filename


def safe_name(name: str) -> str:
    """A file name for people: without folders and control characters."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable()).strip()
    return name[-LONGEST_NAME:] or DEFAULT_NAME
