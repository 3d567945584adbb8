"""The catalogue of images, the recipes of their stand-ins, and the order in which these are built."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from offline.images import base, engine, registry, schedule
from offline.images.recipes import Recipe, load_recipes
from operate.errors import UserError
from stacks.images import STAND_IN_REGISTRY, CatalogueError, Image, load_catalogue

DIGEST = "sha256:" + "0123456789abcdef" * 4


# --- the catalogue -------------------------------------------------------------------------------------------------


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], dict[str, Image]]:
    def write_and_read(text: str) -> dict[str, Image]:
        path = tmp_path / "images.toml"
        path.write_text(text)
        return load_catalogue(path)

    return write_and_read


def test_the_committed_catalogue_has_what_the_program_runs():
    catalogue = load_catalogue()
    assert set(catalogue) == {"postgres", "redis", "haproxy", "nginx", "python", "node"}
    assert catalogue["postgres"].reference() == "docker.io/pgvector/pgvector:0.8.0-pg15"


def test_every_image_of_the_catalogue_has_a_stand_in():
    recipes = load_recipes()
    assert set(load_catalogue()) <= set(recipes)
    for recipe in recipes.values():
        assert (recipe.folder / "Dockerfile").is_file()


def test_an_entry_without_digest(read):
    image = read('[redis]\nrepository = "docker.io/library/redis"\ntag = "7.0.15"\n')["redis"]
    assert image == Image("redis", "docker.io/library/redis", "7.0.15")
    assert image.reference() == "docker.io/library/redis:7.0.15"


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [
        (None, "docker.io/library/redis:7.0.15"),
        ("", "docker.io/library/redis:7.0.15"),
        ("127.0.0.1:5001", "127.0.0.1:5001/library/redis:7.0.15"),
        ("registry.example.org", "registry.example.org/library/redis:7.0.15"),
        ("registry:5000/proxy/hub", "registry:5000/proxy/hub/library/redis:7.0.15"),
    ],
)
def test_a_mirror_replaces_the_registry_host(mirror, expected):
    assert Image("redis", "docker.io/library/redis", "7.0.15").reference(mirror) == expected


@pytest.mark.parametrize(
    "mirror", ["https://registry.example.org", "registry.example.org/", "registry", "a b.org", "r.org/Upper", "/x"]
)
def test_a_mirror_of_another_form_is_refused(mirror):
    with pytest.raises(CatalogueError, match=r"images\.mirror = .* is not of the form host"):
        Image("redis", "docker.io/library/redis", "7.0.15").reference(mirror)


def test_a_digest_pins_upstream_and_its_mirrors_but_not_the_stand_ins():
    image = Image("redis", "docker.io/library/redis", "7.0.15", DIGEST)
    assert image.reference() == f"docker.io/library/redis:7.0.15@{DIGEST}"
    assert image.reference("registry.example.org/hub") == f"registry.example.org/hub/library/redis:7.0.15@{DIGEST}"
    assert image.reference(STAND_IN_REGISTRY) == f"{STAND_IN_REGISTRY}/library/redis:7.0.15"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[redis]\nrepository = "docker.io/library/redis"\n', r"\[redis\]: key 'tag' is missing"),
        ('[redis]\ntag = "7"\n', r"\[redis\]: key 'repository' is missing"),
        (
            '[redis]\nrepository = "docker.io/library/redis"\ntag = "7"\nversoin = "7"\n',
            r"\[redis\]: unknown key 'versoin'",
        ),
        ('[redis]\nrepository = "docker.io/library/redis"\ntag = 7\n', r"\[redis\]: tag = 7 is not a string"),
        (
            '[redis]\nrepository = "docker.io/library/redis"\ntag = "latest"\n',
            r"tag = 'latest' is not the tag of a version",
        ),
        ('[redis]\nrepository = "docker.io/library/redis"\ntag = "-7"\n', r"tag = '-7'"),
        ('[redis]\nrepository = "redis"\ntag = "7"\n', r"repository = 'redis' is not a registry host and a path"),
        ('[redis]\nrepository = "library/redis"\ntag = "7"\n', r"repository = 'library/redis'"),
        ('[redis]\nrepository = "docker.io/library/redis"\ntag = "7"\ndigest = "sha256:12"\n', r"digest = 'sha256:12'"),
        ('redis = "7"\n', r"\[redis\]: expected a table"),
        ("[redis\n", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_catalogue_is_named(read, text, message):
    with pytest.raises(CatalogueError, match=message):
        read(text)


# --- recipes: what makes an image be built again -------------------------------------------------------------------


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "server.conf").write_text("port 1\n")
    return Recipe("example", "bookworm", 1, tmp_path)


def test_the_hash_of_a_recipe_is_that_of_its_content(recipe):
    first = recipe.hash("base")
    assert recipe.hash("base") == first
    (recipe.folder / "conf" / "server.conf").write_text("port 2\n")
    second = recipe.hash("base")
    (recipe.folder / "conf" / "server.conf").chmod(0o755)
    third = recipe.hash("base")
    (recipe.folder / "conf" / "server.conf").rename(recipe.folder / "conf" / "other.conf")
    fourth = recipe.hash("base")
    assert len({first, second, third, fourth, recipe.hash("another base")}) == 5


# --- the base: from the archive this machine uses ------------------------------------------------------------------

DEB822 = """\
# a comment: with a colon
Types: deb
URIs: http://archive.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "sources.list.d/debian.sources",
            DEB822,
            base.Archive("http://archive.example/debian", "http://security.example/debian-security"),
        ),
        (
            "sources.list",
            "# deb http://old.example/debian bookworm main\n"
            "deb [arch=amd64 signed-by=/k.gpg] http://archive.example/debian trixie main non-free\n"
            "deb http://security.example/s trixie-security main\n",
            base.Archive("http://archive.example/debian", "http://security.example/s"),
        ),
        (
            "sources.list.d/only.list",
            "deb http://archive.example/debian bookworm main\n",
            base.Archive("http://archive.example/debian", "http://archive.example/debian-security"),
        ),
    ],
)
def test_the_archive_is_the_one_of_the_machine(tmp_path, name, text, expected):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "other.list").write_text("deb https://tools.example/apt stable-tools main\n")
    (tmp_path / name).write_text(text)
    assert base.find_archive(tmp_path, override="") == expected


def test_the_archive_of_a_cloud_image_stands_in_a_file(tmp_path):
    (tmp_path / "mirrors.list").write_text("http://archive.example/debian\n")
    (tmp_path / "sources.list").write_text(f"deb mirror+file:{tmp_path}/mirrors.list bookworm main\n")
    assert base.find_archive(tmp_path, override="").main == "http://archive.example/debian"


def test_a_machine_without_debian_sources_is_told_what_to_set(tmp_path):
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(UserError, match="no Debian archive") as error:
        base.find_archive(tmp_path, override="")
    assert "NEUROCORE_DEBIAN_ARCHIVE" in error.value.next_step
    assert base.find_archive(tmp_path, override="http://mirror.example/debian/").main == "http://mirror.example/debian"


def test_the_base_changes_with_archive_release_and_certificates(tmp_path):
    archive = base.Archive("http://archive.example/debian", "http://security.example/s")
    keys = {base.find_base("bookworm", archive=archive, certificates=tmp_path).key}
    keys.add(base.find_base("trixie", archive=archive, certificates=tmp_path).key)
    keys.add(base.find_base("bookworm", archive=base.Archive("http://b.example", "x"), certificates=tmp_path).key)
    (tmp_path / "hospital.crt").write_text("one")
    keys.add(base.find_base("bookworm", archive=archive, certificates=tmp_path).key)
    (tmp_path / "hospital.crt").write_text("two")
    keys.add(base.find_base("bookworm", archive=archive, certificates=tmp_path).key)
    assert len(keys) == 5


# --- the order of the work -----------------------------------------------------------------------------------------


def test_the_heaviest_task_that_can_start_goes_first():
    done: list[str] = []
    tasks = {n: schedule.Task(n, w, lambda n=n: done.append(n)) for n, w in [("base", 90), ("light", 8), ("heavy", 90)]}
    tasks["push"] = schedule.Task("push", 1, lambda: done.append("push"))
    graph = {
        tasks["base"]: set(),
        tasks["light"]: {tasks["base"]},
        tasks["heavy"]: {tasks["base"]},
        tasks["push"]: {tasks["heavy"]},
    }
    schedule.run(graph, workers=1, stop=lambda: None)
    assert done == ["base", "heavy", "light", "push"]


def test_as_many_run_together_as_there_are_workers():
    meeting = threading.Barrier(2, timeout=10)  # breaks, and fails the tasks, unless both are in it at the same time
    tasks = {schedule.Task(name, 1, lambda: meeting.wait() and None): set() for name in ("one", "two")}
    schedule.run(tasks, workers=2, stop=lambda: None)


def test_a_failure_starts_nothing_more_and_stops_what_runs():
    stopped = threading.Event()
    started: list[str] = []

    def fail() -> None:
        raise UserError("no space left")

    failing = schedule.Task("failing", 90, fail)
    slow = schedule.Task("slow", 80, lambda: started.append("slow") or stopped.wait(10) and None)
    after = schedule.Task("after", 70, lambda: started.append("after"))
    with pytest.raises(UserError, match="no space left"):
        schedule.run({failing: set(), slow: set(), after: {slow}}, workers=2, stop=stopped.set)
    assert stopped.is_set()
    assert "after" not in started


def test_a_failed_command_shows_the_end_of_its_output_and_the_log(tmp_path):
    log = tmp_path / "logs" / "example.log"
    with pytest.raises(UserError) as error:
        engine.Children().run(
            "Building example",
            ["sh", "-c", "seq 100; printf '\\033[91mE: no such package\\033[0m' >&2; exit 3"],
            log=log,
        )
    assert "Building example failed (exit code 3)" in error.value.what
    assert error.value.what.endswith("\nE: no such package")
    assert "\n100\n" in error.value.what
    assert "\n50\n" not in error.value.what  # the tail only
    assert error.value.where == str(log)
    assert "\n50\n" in log.read_text()


def test_stopping_ends_the_running_command_and_refuses_new_ones(tmp_path):
    children, failures = engine.Children(), []
    ready = tmp_path / "ready"

    def build() -> None:
        try:
            children.run("Building", ["sh", "-c", f"echo started > {ready}; exec sleep 60"], log=tmp_path / "log")
        except UserError as error:
            failures.append(error.what)

    thread = threading.Thread(target=build)
    thread.start()
    deadline = time.monotonic() + 10
    while not ready.exists() and time.monotonic() < deadline:
        thread.join(0.02)
    children.stop()
    thread.join(10)
    assert failures == ["Building was stopped."]
    with pytest.raises(UserError, match="was stopped"):
        children.run("Another", ["true"], log=tmp_path / "log")


# --- the registry --------------------------------------------------------------------------------------------------


def test_a_port_that_somebody_else_holds_is_refused(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(registry, "_PORT", str(other.getsockname()[1]))
        with pytest.raises(UserError, match="is taken by another program") as error:
            registry._refuse_taken_port()
    assert "ss -ltnp" in error.value.next_step
    registry._refuse_taken_port()  # free again: no objection


def test_an_answer_that_is_no_registrys_is_no_answer(monkeypatch):
    class SomethingElse(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with http.server.HTTPServer(("127.0.0.1", 0), SomethingElse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(registry, "_PORT", str(server.server_port))
        with pytest.raises(registry.NoAnswer):
            registry.ask("/v2/")
        server.shutdown()


def test_the_registry_is_made_anew_when_its_recipe_or_place_changes(tmp_path):
    settings = {
        registry.Registry("image", "recipe 1", tmp_path).settings,
        registry.Registry("image", "recipe 2", tmp_path).settings,
        registry.Registry("image", "recipe 1", tmp_path / "elsewhere").settings,
    }
    assert len(settings) == 3
    assert registry.Registry("image", "recipe 1", tmp_path).settings in settings
