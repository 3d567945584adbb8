"""``neurocore journey``: proves from outside that the whole thing works, and leaves nothing behind.

A throwaway account uploads a PDF of its own, waits until it is read, finds the right page, has a chapter written that
cites that page, and deletes everything. Where registration is closed, the account is made in the database, which the
job's environment reaches.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import requests

from neurocore_app import pdf

REQUEST_TIMEOUT_S = 15
POLL_S = 0.25
RIGHT_PAGE = 2


class JourneyError(Exception):
    """A step didn't do what it must; the message says which and how."""


def travel(url: str, *, timeout_s: float, report: Callable[[str], None]) -> None:
    """Make the journey against the API at ``url``; raises JourneyError."""
    traveller = _Traveller(url.rstrip("/"), report)
    try:
        traveller.log_in()
        try:
            traveller.work(timeout_s)
        finally:
            traveller.leave()
    except requests.RequestException as error:
        raise JourneyError(f"{url} does not answer: {error}") from error


class _Traveller:
    def __init__(self, url: str, report: Callable[[str], None]) -> None:
        self._url = url
        self._report = report
        self._session = requests.Session()
        # An invented substance, unlike any other run's: what is found can only be this document.
        self._word = "neurosin" + "".join(secrets.choice("aeioubdgklmnprst") for _ in range(10))
        self._email = f"journey-{secrets.token_hex(8)}@journey.invalid"
        self._password = secrets.token_urlsafe(24)
        self._document_id = ""

    def log_in(self) -> None:
        """Make the account and get its token."""
        account = {"email": self._email, "password": self._password, "name": "Journey"}
        response = self._request("POST", "/api/auth/register", json=account)
        if response.status_code == 403:
            self._register_in_database()
            self._report("Registration is closed: made a throwaway account in the database")
        else:
            self._expect(response, 201, "register")
            self._report("Registered a throwaway account")
        body = self._json("log in", "POST", "/api/auth/login", 200, json=account)
        self._session.headers["Authorization"] = f"Bearer {body['access_token']}"
        me = self._json("ask who is logged in", "GET", "/api/auth/me", 200)
        self._check(me["email"] == self._email, "the token belongs to somebody else")

    def _register_in_database(self) -> None:
        from neurocore_app import auth, db  # noqa: PLC0415 - needs the database's settings
        from neurocore_app.settings import SettingsError  # noqa: PLC0415

        try:
            with db.transaction() as session:
                password_hash = auth.hash_password(self._password)
                auth.register(session, email=self._email, name="Journey", password_hash=password_hash)
        except SettingsError as error:
            raise JourneyError(
                f"registration is closed, and the account can't be made in the database: {error}"
            ) from error

    def work(self, timeout_s: float) -> None:
        """Everything between logging in and leaving."""
        self._upload()
        self._wait_until_read(timeout_s)
        self._find()
        self._write_chapter()

    def _upload(self) -> None:
        content = pdf.write(self._pages())
        files = {"file": ("journey.pdf", content, "application/pdf")}
        document = self._json("upload", "POST", "/api/documents", 202, files=files)
        self._document_id = document["id"]
        again = self._json("upload again", "POST", "/api/documents", 200, files=files)
        self._check(again["id"] == self._document_id, "the same content again became another document")
        response = self._expect(self._request("GET", f"/api/documents/{self._document_id}/file"), 200, "download")
        self._check(response.content == content, "the downloaded file differs from the uploaded one")
        self._report(f"Uploaded a PDF of {len(self._pages())} pages ({len(content)} bytes) and got the same bytes back")

    def _pages(self) -> list[str]:
        word = self._word
        return [
            "The operating microscope was balanced before the craniotomy. Antibiotics were given thirty minutes before "
            "the incision of the skin.",
            f"{word.capitalize()} lowers the intracranial pressure within ten minutes. The dose of {word} is two "
            f"milligrams for each kilogram of body weight. After {word} the sodium in the serum is measured every four hours.",
            "The drain was removed on the second day after surgery. The patient walked on the third day.",
        ]

    def _wait_until_read(self, timeout_s: float) -> None:
        started = time.monotonic()
        while True:
            document = self._json("ask for the document", "GET", f"/api/documents/{self._document_id}", 200)
            waited = time.monotonic() - started
            if document["state"] == "ready":
                break
            if document["state"] == "failed":
                raise JourneyError(f"the document failed: {document['error']}")
            if waited > timeout_s:
                raise JourneyError(f"the document is {document['state']} after {waited:.0f} s: is a worker running?")
            time.sleep(POLL_S)
        self._check(document["pages"] == len(self._pages()), f"it has {document['pages']} pages instead of 3")
        self._report(f"It was read after {waited:.1f} s: {document['pages']} pages, {document['chunks']} passages")

    def _find(self) -> None:
        query = f"how much {self._word} against raised intracranial pressure"
        found = self._json("search", "GET", "/api/search", 200, params={"q": query})["results"]
        own = [result for result in found if result["document_id"] == self._document_id]
        self._check(bool(own), "the search does not find the document")
        self._check(own[0]["page"] == RIGHT_PAGE, f"the search finds page {own[0]['page']} instead of {RIGHT_PAGE}")
        self._check(self._word in own[0]["snippet"].lower(), "the snippet does not show the match")
        self._report(f"A search found page {RIGHT_PAGE}")

    def _write_chapter(self) -> None:
        topic = f"{self._word} and intracranial pressure"
        chapter = self._json("write a chapter", "POST", "/api/chapters", 201, json={"topic": topic})
        pages = {c["page"] for c in chapter["citations"] if c["document_id"] == self._document_id}
        self._check(RIGHT_PAGE in pages, f"the chapter does not cite page {RIGHT_PAGE}")
        quotes = {c["n"]: c["quote"] for c in chapter["citations"]}
        for section in chapter["sections"]:
            for paragraph in section["paragraphs"]:
                cited = " ".join(quotes[n] for n in paragraph["citations"])
                self._check(paragraph["text"] == cited, "the chapter says something that it does not cite")
        self._report(f"A chapter of {len(chapter['sections'])} sections cites page {RIGHT_PAGE}")
        self._expect(self._request("DELETE", f"/api/chapters/{chapter['id']}"), 204, "delete the chapter")

    def leave(self) -> None:
        """Delete what was made, whatever happened before."""
        if self._document_id:
            response = self._request("DELETE", f"/api/documents/{self._document_id}")
            self._expect(response, 204, "delete the document")
        if "Authorization" not in self._session.headers:
            return
        self._expect(self._request("DELETE", "/api/auth/me"), 204, "delete the account")
        gone = self._request("GET", "/api/auth/me")
        self._check(gone.status_code == 401, f"a deleted account still answers with {gone.status_code}")
        self._report("Deleted the document, the chapter and the account")

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self._session.request(method, self._url + path, timeout=REQUEST_TIMEOUT_S, **arguments)

    def _json(self, step: str, method: str, path: str, status: int, **arguments: Any) -> Any:
        return self._expect(self._request(method, path, **arguments), status, step).json()

    @staticmethod
    def _expect(response: requests.Response, status: int, step: str) -> requests.Response:
        if response.status_code != status:
            request_id = response.headers.get("X-Request-ID", "none")
            raise JourneyError(
                f"to {step}: {response.status_code} instead of {status} (request id {request_id}): {response.text[:300]}"
            )
        return response

    @staticmethod
    def _check(fine: bool, what: str) -> None:
        if not fine:
            raise JourneyError(what)
