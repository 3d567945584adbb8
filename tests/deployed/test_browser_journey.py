"""The whole journey in a real browser, through the edge, as a clinician makes it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Request,
    Route,
    expect,
    sync_playwright,
)

from tests import pdfs

# The names under which distributions install it; ours is Debian's.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable")
# Nothing of the browser's own is to talk to anybody. Without a sandbox: it needs user namespaces, which a
# container mostly lacks, and the only page visited is ours.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Milliseconds. A page answers at once or not at all; a document is read by a worker that may be busy with others.
ANSWER_MS = 15_000
READ_MS = 90_000
# The file is shown from the page's memory, since a link cannot carry the Authorization header.
AT_PAGE_2 = re.compile(r"^blob:.*#page=2$")


class Witness:
    """What the page complained about and whom it asked, noted from its first request to its last."""

    def __init__(self, page: Page, home: str) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._home = _origin(home)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.context.on("request", self._saw)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _saw(self, request: Request) -> None:
        # A PDF is shown from memory (blob:) by the browser's own viewer (chrome-extension:): neither leaves it.
        if urlsplit(request.url).scheme in ("http", "https", "ws", "wss") and _origin(request.url) != self._home:
            self.strangers.append(request.url)


class Person:
    """A clinician at the page: does one thing at a time and waits for what it shows."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def registers(self, email: str, password: str) -> None:
        page = self.page
        page.goto(self.url)
        page.get_by_role("button", name="Create an account").click()
        page.get_by_label("Name (optional)").fill("Dr. Test")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("heading", name="Library", exact=True)).to_be_visible()

    def uploads(self, filename: str, content: bytes) -> None:
        files = [{"name": filename, "mimeType": "application/pdf", "buffer": content}]
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Choose files").click()
        chooser.value.set_files(files)
        row = self.document(filename)
        expect(row).to_be_visible()
        # Whichever end it comes to: a failure is then told with the reason that the page shows.
        ended = row.get_by_text("Ready", exact=True).or_(row.get_by_text("Failed", exact=True))
        expect(ended).to_be_visible(timeout=READ_MS)
        assert row.get_by_text("Ready", exact=True).is_visible(), f"the page says: {row.inner_text()}"

    def document(self, filename: str) -> Locator:
        return self.page.get_by_role("list", name="Documents").get_by_role("listitem").filter(has_text=filename)

    def searches(self, question: str) -> Locator:
        """The first passage found."""
        self.page.get_by_role("link", name="Search", exact=True).click()
        self.page.get_by_label("What are you looking for?").fill(question)
        self.page.get_by_role("button", name="Search").click()
        found = self.page.get_by_role("region", name="Passages found").get_by_role("listitem").first
        expect(found).to_be_visible()
        return found

    def asks_for_a_chapter(self, topic: str) -> None:
        self.page.get_by_role("link", name="Chapters", exact=True).click()
        self.page.get_by_label("What should the chapter be about?").fill(topic)
        self.page.get_by_role("button", name="Write chapter").click()
        expect(self.page.get_by_role("heading", name="Sources")).to_be_visible()

    def deletes_the_chapter(self) -> None:
        self.page.get_by_role("button", name="Delete chapter").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Delete chapter").click()
        expect(self.page.get_by_role("heading", name="No chapter yet")).to_be_visible()

    def deletes_the_document(self, filename: str) -> None:
        self.page.get_by_role("link", name="Library", exact=True).click()
        self.page.get_by_role("button", name=f"Delete {filename}").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Delete document").click()
        expect(self.document(filename)).to_have_count(0)

    def logs_out(self) -> None:
        self.page.get_by_role("button", name="Log out").click()
        expect(self.page.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail(
            "The journey needs the Chromium browser, and none is installed: apt-get install chromium", pytrace=False
        )
    started = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    expect.set_options(timeout=ANSWER_MS)
    context = browser.new_context(viewport={"width": 1200, "height": 820}, color_scheme="light")
    context.set_default_timeout(ANSWER_MS)
    yield context.new_page()
    context.close()


def test_from_upload_to_cited_chapter(page: Page, outputs: dict[str, Any]) -> None:
    """Register, upload, find the page, open it there, have it cited, delete everything, log out."""
    url = outputs["urls"]["frontend"]
    witness = Witness(page, url)
    person = Person(page, url)
    # Nobody else's document has this word, so the passage found can only be ours.
    mark = f"Zebrafoil{secrets.token_hex(4)}"
    filename = f"subdural-drains-{mark}.pdf"
    sentence = f"The {mark} protocol keeps the subdural drain in place for 48 hours after burr-hole evacuation."
    content = pdfs.with_pages(
        "Chronic subdural haematoma is common in older patients who take anticoagulants.",
        f"Recurrence falls when the cavity is drained. {sentence} Mobilisation begins on the following day.",
        "Follow-up imaging is done when new symptoms appear, not by routine.",
    )

    person.registers(f"browser-{mark.lower()}@neurocore.example", f"quiet words {mark}")
    _keep(page, "library-empty")
    # Whether text leaves the house is said on every page.
    expect(page.get_by_text("leaves this house")).to_be_visible()
    person.uploads(filename, content)
    _keep(page, "library")

    passage = person.searches(f"How long does the drain stay in the {mark} protocol?")
    expect(passage).to_contain_text(sentence)
    _keep(page, "search")
    expect(passage.get_by_role("link")).to_contain_text(filename)
    passage.get_by_role("link").click()
    expect(page.get_by_text("page 2", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Open in a new tab")).to_have_attribute("href", AT_PAGE_2)
    assert _downloaded(page) == content, "the file that came back is not what went in"

    person.asks_for_a_chapter(f"{mark} protocol for the subdural drain")
    _keep(page, "chapter")
    page.get_by_role("button", name="Source 1", exact=True).first.click()
    followed = page.locator("#source-1")
    expect(followed).to_be_focused()
    expect(page.get_by_role("region", name="Sources")).to_contain_text(sentence)
    cited = page.get_by_role("region", name="Sources").get_by_role("listitem").filter(has_text=sentence)
    expect(cited.get_by_role("link", name=filename)).to_contain_text("page 2")

    person.deletes_the_chapter()
    person.deletes_the_document(filename)
    person.logs_out()

    assert witness.complaints == [], "the browser's console is not silent"
    assert witness.strangers == [], "the page asked somebody other than its own server"


def test_keyboard_alone_reaches_the_account(page: Page, outputs: dict[str, Any]) -> None:
    """A new account without a pointer: focus goes where a person expects it."""
    mark = secrets.token_hex(4)
    page.goto(outputs["urls"]["frontend"])
    expect(page.get_by_role("heading", name="Log in")).to_be_focused()
    _tab_to(page, "Create an account")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Create an account")).to_be_focused()
    for text in ("Dr. Keys", f"keys-{mark}@neurocore.example", f"quiet words {mark}"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Library", exact=True)).to_be_focused()
    _tab_to(page, "Log out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Log in")).to_be_focused()


def test_refusals_are_said_with_the_request_number(page: Page, outputs: dict[str, Any]) -> None:
    """A file that is no PDF and a session that the server doesn't know: a sentence each, and never a blank page."""
    mark = secrets.token_hex(4)
    person = Person(page, outputs["urls"]["frontend"])
    person.registers(f"refused-{mark}@neurocore.example", f"quiet words {mark}")
    page.locator("input[type=file]").set_input_files(
        [{"name": "letter.pdf", "mimeType": "application/pdf", "buffer": pdfs.not_a_pdf()}]
    )
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("This is not a PDF")
    expect(refused.locator("code")).to_have_text(re.compile(r"\S{8,}"))

    page.evaluate("sessionStorage.setItem('neurocore.token', 'not-a-token')")
    page.reload()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()


def test_two_versions_of_the_page_can_serve_side_by_side(page: Page, outputs: dict[str, Any]) -> None:
    """In a release the page of one version may ask the other for its script: it gets one that works."""
    url = outputs["urls"]["frontend"]
    asked: list[str] = []

    def as_the_other_version(route: Route) -> None:
        """The page as another version would have sent it: other names, nothing else."""
        answer = route.fetch()
        body = answer.text()
        assert "/assets/app-" in body, "the page names its files otherwise: this test has to follow"
        route.fulfill(response=answer, body=body.replace("/assets/app-", "/assets/app-of-another-version-"))

    page.on("request", lambda request: asked.append(request.url))
    page.route(url, as_the_other_version)
    page.goto(url)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert any("/assets/app-of-another-version-" in address for address in asked)


def _keep(page: Page, name: str) -> None:
    """A picture for people, where one is asked for."""
    if folder := os.environ.get("NEUROCORE_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the button ``name`` has the focus; a page has far fewer than 40 stops."""
    button = page.get_by_role("button", name=name)
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"The button {name!r} is not reached with the Tab key.", pytrace=False)


def _downloaded(page: Page) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    return download.value.path().read_bytes()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
