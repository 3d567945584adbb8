"""A file out of a form, however the network cuts it."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from neurocore_app.api.multipart import DEFAULT_NAME, MultipartError, receive_file, safe_name

FORM = (
    b'--cut\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a b.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    b"%PDF-\r\n--cu\x00t\r\n"
    b"\r\n--cut--\r\n"
)
CONTENT = b"%PDF-\r\n--cu\x00t\r\n"


def receive(body: bytes, *, piece: int = 10_000, kind: str = "multipart/form-data; boundary=cut") -> tuple[str, bytes]:
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]

    async def next_piece() -> dict[str, object]:
        data = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": data, "more_body": bool(pieces)}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", kind.encode())]}
    got = bytearray()
    name = asyncio.run(receive_file(Request(scope, next_piece), "file", got.extend))  # type: ignore[arg-type]
    return name, bytes(got)


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 10_000])
def test_the_file_comes_out_as_it_went_in(piece: int) -> None:
    assert receive(FORM, piece=piece) == ("a b.pdf", CONTENT)


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (FORM, "application/json", "as multipart/form-data"),
        (FORM, "multipart/form-data", "as multipart/form-data"),
        (FORM[:-20], "multipart/form-data; boundary=cut", "ended early"),
        (FORM, "multipart/form-data; boundary=other", "cannot be read"),
        (FORM.replace(b'"file"', b'"fiel"'), "multipart/form-data; boundary=cut", "no file in the field 'file'"),
        (
            FORM.replace(b'"note"', b'"file"; filename="b.pdf"'),
            "multipart/form-data; boundary=cut",
            "more than one file",
        ),
    ],
    ids=["json", "no boundary", "broken off", "another boundary", "another field", "two files"],
)
def test_other_forms_are_refused_with_a_reason(body: bytes, kind: str, sentence: str) -> None:
    with pytest.raises(MultipartError, match=sentence):
        receive(body, kind=kind)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\a\\scan.pdf", "scan.pdf"),
        ("a\r\nb\x00.pdf", "ab.pdf"),
        ("Übersicht – 1.pdf", "Übersicht – 1.pdf"),
        ("", DEFAULT_NAME),
        ("folder/", DEFAULT_NAME),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_names_are_for_people_only(given: str, safe: str) -> None:
    assert safe_name(given) == safe
