"""What the system is for, done once as a person would: a PDF goes in, is found by meaning, is cited, and goes again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.outputs import Stack
from tests.pdfs import with_pages

# Far from neurosurgery: it can't be taken for a document that people put in, and theirs aren't found in its place.
PAGES = (
    "Inventory of the harbour office: ropes, paint, two ladders and a spare anchor. Number {number}.",
    "The violin and the cello were tuned before the orchestra began the symphony.",
    "Timetable of the ferry: mornings at seven, afternoons at three, never on Sundays.",
)
PAGE = 2
# The same meaning in other words: a search for words alone would not find the page. The built-in model gives the
# right page a similarity of 0.6 and the others less than 0.1.
QUESTION = "classical music ensemble with string instruments"

REQUEST_TIMEOUT_S = 30
# A queue with other people's documents in it may come first.
READY_TIMEOUT_S = 180
POLL_S = 0.5


class Person:
    """Somebody at the site, with an account of their own for as long as the journey lasts."""

    def __init__(self, site: str) -> None:
        self._site = site.rstrip("/")
        self._session = requests.Session()
        # A proxy of this machine's environment leads out of the house, not to the site.
        self._session.trust_env = False

    def does(self, step: str, method: str, path: str, *expected: int, **request: Any) -> Any:
        """Send one request and return the JSON of its answer (None if it has none).

        Raises:
            Differs: no answer, or another status than expected.
        """
        where = f"{method} {self._site}{path}"
        with comparing(where, next_step="find the request in the logs of edge and api") as check:
            try:
                answer = self._session.request(method, self._site + path, timeout=REQUEST_TIMEOUT_S, **request)
            except requests.RequestException as error:
                check.holds(False, step, declared=f"status {expected[0]}", found=f"no answer: {error}")
                return None
            found = f"status {answer.status_code}, {answer.text[:300]}"
            check.holds(answer.status_code in expected, step, declared=f"status {expected[0]}", found=found)
        return answer.json() if answer.content else None

    def registers(self, host: Host, stack: Stack) -> None:
        account = {"email": f"verification-{secrets.token_hex(8)}@example.org", "password": secrets.token_urlsafe(24)}
        if self.does("asking for the status", "GET", "/api/status", 200)["registration"] == "open":
            self.does("registering", "POST", "/api/auth/register", 201, json={**account, "name": "Verification"})
        else:
            api = stack.services["api"].containers[0].name
            made = host.run(
                "echo %s | docker exec --interactive %s neurocore account add %s",
                *(account["password"], api, account["email"]),
            )
            with comparing(
                "journey: account", next_step="registration is closed, and an operator's way failed"
            ) as check:
                check.equal("exit code", declared=0, found=made.rc)
        token = self.does("logging in", "POST", "/api/auth/login", 200, json=account)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def uploads(self, pdf: bytes) -> dict[str, Any]:
        file = ("verification.pdf", pdf, "application/pdf")
        return self.does("uploading a PDF", "POST", "/api/documents", 202, files={"file": file})

    def waits_for(self, document: dict[str, Any]) -> dict[str, Any]:
        """Ask until the document is read, or can't be."""
        give_up = time.monotonic() + READY_TIMEOUT_S
        while document["state"] not in ("ready", "failed") and time.monotonic() < give_up:
            time.sleep(POLL_S)
            document = self.does("asking for a document", "GET", f"/api/documents/{document['id']}", 200)
        return document


@pytest.fixture
def person(host: Host, stack: Stack) -> Iterator[Person]:
    """A registered person; the account and all that it put in are deleted afterwards, whatever happened."""
    person = Person(stack.urls["site"])
    person.registers(host, stack)
    try:
        yield person
    finally:
        person.does("deleting the account", "DELETE", "/api/auth/me", 204)


def test_journey(person: Person, stack: Stack) -> None:
    worker = f"`./neurocore logs worker --stack {stack.stack}` says what became of it"
    # No two runs upload the same bytes: equal files are one document.
    numbered = [text.format(number=secrets.token_hex(8)) for text in PAGES]
    document = person.waits_for(person.uploads(with_pages(*numbered)))
    with comparing("journey: upload", next_step=worker) as check:
        check.equal("state of the document", declared="ready", found=document["state"])
        check.equal("error", declared=None, found=document["error"])
        check.equal("pages", declared=len(PAGES), found=document["pages"])

    found = person.does("searching", "GET", "/api/search", 200, params={"q": QUESTION, "limit": 10})["results"]
    with comparing("journey: search", next_step=f"search by hand for: {QUESTION}") as check:
        ours = [result["page"] for result in found if result["document_id"] == document["id"]]
        check.equal("best page of the document", declared=PAGE, found=ours[0] if ours else None)

    chapter = person.does("asking for a chapter", "POST", "/api/chapters", 201, json={"topic": QUESTION})
    with comparing("journey: chapter", next_step=f"have a chapter written by hand on: {QUESTION}") as check:
        cited = {(c["document_id"], c["page"]): c["n"] for c in chapter["citations"]}
        number = cited.get((document["id"], PAGE))
        check.holds(number is not None, "citations", declared=f"page {PAGE} of the document", found=list(cited))
        used = {n for s in chapter["sections"] for paragraph in s["paragraphs"] for n in paragraph["citations"]}
        check.holds(number in used, "citations in the text", declared=f"number {number}", found=used)

    person.does("deleting the chapter", "DELETE", f"/api/chapters/{chapter['id']}", 204)
    person.does("deleting the document", "DELETE", f"/api/documents/{document['id']}", 204)
    person.does("asking for the deleted document", "GET", f"/api/documents/{document['id']}", 404)
    left = person.does("searching again", "GET", "/api/search", 200, params={"q": QUESTION, "limit": 10})["results"]
    with comparing("journey: deletion", next_step="the index still holds passages of a deleted document") as check:
        check.equal(
            "results from it", declared=[], found=[r["page"] for r in left if r["document_id"] == document["id"]]
        )
