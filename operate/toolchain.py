"""Pulumi's CLI and plugins for this working copy: from this machine, the publisher, or built here."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from typing import Literal

from offline.toolchain import build, recipe, whole
from operate import toolchain_download as published
from operate.errors import UserError
from operate.toolchain_download import Archive, Publisher, Unavailable

Mode = Literal["auto", "online", "offline"]
Report = Callable[[str], None]

PINS = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Toolchain:
    """A Pulumi that is ready to run.

    Attributes:
        home: PULUMI_HOME, with the plugins in it.
        bin_dirs: folders with pulumi and its language host, to be put before PATH.
        pulumi: the CLI.
        source: ``machine``, ``published`` or ``built``.
        origin: a sentence on where it comes from.
    """

    home: Path
    bin_dirs: tuple[Path, ...]
    pulumi: Path
    source: str
    origin: str

    def environment(self) -> dict[str, str]:
        """Variables under which the CLI finds all of this, and looks for nothing else."""
        ours = [str(folder) for folder in self.bin_dirs]
        others = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part not in ours]
        return {
            "PATH": os.pathsep.join([*ours, *others]),
            "PULUMI_HOME": str(self.home),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            # A missing plugin is an error at once, not a download nobody asked for.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }


@dataclass(frozen=True)
class _Found:
    """A complete set of programs: files by name, and plugins by theirs."""

    source: str
    origin: str
    cli: dict[str, Path]
    plugins: dict[str, Path]


def ensure(home: Path, *, cache: Path, mode: Mode = "auto", report: Report) -> Toolchain:
    """Make the pinned Pulumi available to this working copy; a few milliseconds when it is there already.

    ``auto`` takes what is complete without network (on this machine, then in the cache), else the publisher's builds
    if the site answers at once, else builds from Go modules. ``online`` never builds; ``offline`` only builds.
    On this machine counts a ``pulumi`` on PATH of exactly the pinned version, with plugins of exactly the pinned
    versions in its home: a newer one may write a state that colleagues with the pinned one can't read.

    Args:
        home: becomes PULUMI_HOME.
        cache: programs are kept here, for all working copies.
        mode: where they may come from.
        report: takes progress sentences.

    Raises:
        UserError: it can't be had, and why.
    """
    key = _key()
    ready = _ready(home, key, mode)
    if ready:
        return ready
    found = _find(home, cache, mode, report)
    _lay_out(home, found)
    toolchain = _toolchain(home, found.source, found.origin)
    _stamp(toolchain, key)
    return toolchain


def _toolchain(home: Path, source: str, origin: str) -> Toolchain:
    return Toolchain(home, (home / "bin",), home / "bin" / "pulumi", source, origin)


def _find(home: Path, cache: Path, mode: Mode, report: Report) -> _Found:
    if mode == "offline":
        return _built(build.ensure(cache, report))
    wanted, publisher = _publisher()
    found = _on_machine(home, cache) or _in_cache(wanted, publisher, cache)
    if found:
        return found
    if mode == "auto":
        built = build.find(cache)
        if built:
            return _built(built)
        obstacle = publisher.answers(wanted[0])
        if not obstacle:
            try:
                return _download(wanted, publisher, cache, report)
            except Unavailable as error:
                obstacle = error.what.rstrip(".")
        report(f"{obstacle}: building Pulumi from Go modules instead")
        return _built(build.ensure(cache, report))
    return _download(wanted, publisher, cache, report)


def _publisher() -> tuple[list[Archive], Publisher]:
    pins = _pins()
    mirror = published.mirror()
    # A mirror is asked for everything: where one is needed, other sites aren't reached.
    second = "" if mirror else pins["download"]["plugin_checksums"]
    publisher = Publisher(mirror or pins["download"]["releases"], pins["sha256"])
    return published.archives(pins["cli"]["version"], pins["plugins"], second), publisher


def _download(wanted: list[Archive], publisher: Publisher, cache: Path, report: Report) -> _Found:
    with whole.alone(cache / "toolchain", report, "getting the toolchain"):
        folders = {archive.name: publisher.fetch(archive, cache, report) for archive in wanted}
    return _from_folders(folders)


def _in_cache(wanted: list[Archive], publisher: Publisher, cache: Path) -> _Found | None:
    folders = {archive.name: published.cached(archive, cache, publisher.sha256.get(archive.file)) for archive in wanted}
    return _from_folders(folders) if all(folders.values()) else None


def _from_folders(folders: dict[str, Path]) -> _Found:
    cli = {program: folders["cli"] / program for program in published.CLI_PROGRAMS}
    plugins = {name: folder / f"pulumi-resource-{name}" for name, folder in folders.items() if name != "cli"}
    return _Found("published", f"{_title()}, as published", cli, plugins)


def _built(built: build.BuiltToolchain) -> _Found:
    cli = {program: built.bin / program for program in published.CLI_PROGRAMS}
    return _Found("built", f"{_title()}, built here from Go modules", cli, _plugins(built.plugins))


def _plugins(folder: Path) -> dict[str, Path]:
    """Where the pinned plugins are, under a folder in the engine's layout."""
    return {
        name: folder / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
        for name, version in _pins()["plugins"].items()
    }


def _on_machine(home: Path, cache: Path) -> _Found | None:
    """A pulumi on PATH, and plugins in the home it would use, all of exactly the pinned versions."""
    # What this working copy laid out itself doesn't count: `source .neurocore/env` puts it on PATH.
    own = (home.resolve(), cache.resolve())
    path = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part and not _within(Path(part), own)]
    cli = {program: shutil.which(program, path=os.pathsep.join(path)) for program in published.CLI_PROGRAMS}
    pulumi_home = os.environ.get("PULUMI_HOME", "")
    if not pulumi_home or _within(Path(pulumi_home), own):
        pulumi_home = str(Path.home() / ".pulumi")
    plugins = _plugins(Path(pulumi_home) / "plugins")
    if not all(cli.values()) or not all(program.exists() for program in plugins.values()):
        return None
    said = subprocess.run(
        [cli["pulumi"], "version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
    )
    if said.stdout.strip() != f"v{_pins()['cli']['version']}":
        return None
    return _Found("machine", f"{_title()}, found on this machine", {n: Path(p) for n, p in cli.items()}, plugins)


def _within(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.resolve().is_relative_to(folder) for folder in folders)


def _title() -> str:
    return f"Pulumi {_pins()['cli']['version']}"


def _lay_out(home: Path, found: _Found) -> None:
    """Link the programs into ``home``, so that no path outside changes with a version.

    The engine skips plugin folders that are links: the folders are real, the files in them links.
    """
    (home / "bin").mkdir(parents=True, exist_ok=True)
    for name, program in found.cli.items():
        _link(home / "bin" / name, program)
    versions = _pins()["plugins"]
    for name, program in found.plugins.items():
        folder = home / "plugins" / f"resource-{name}-v{versions[name]}"
        # Beside its folders the engine keeps files of the same name (`.lastused`): other versions' folders go, those stay.
        others = set(home.glob(f"plugins/resource-{name}-v*")) - {folder}
        for other in filter(Path.is_dir, others):
            shutil.rmtree(other)
        folder.mkdir(parents=True, exist_ok=True)
        _link(folder / program.name, program)


def _link(link: Path, program: Path) -> None:
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(program.absolute())
    new.replace(link)


def _key() -> str:
    """Changes when other programs are wanted: with the pins, the mirror, and what would be built."""
    digest = hashlib.sha256(PINS.read_bytes())
    digest.update((published.mirror() or "").encode())
    for part in recipe.parts():
        digest.update(part.key("").encode())
    return digest.hexdigest()


def _stamp(toolchain: Toolchain, key: str) -> None:
    home = toolchain.home
    programs = sorted([*home.glob("bin/*"), *home.glob("plugins/resource-*/pulumi-resource-*")])
    content = {
        "key": key,
        "source": toolchain.source,
        "origin": toolchain.origin,
        "programs": {str(program): _identity(program) for program in programs},
    }
    stamp = home / "toolchain.json"
    new = stamp.with_suffix(".new")
    new.write_text(json.dumps(content, indent=1) + "\n")
    new.replace(stamp)


def _ready(home: Path, key: str, mode: Mode) -> Toolchain | None:
    """The toolchain of the last time, if nothing that matters has changed since."""
    try:
        stamp = json.loads((home / "toolchain.json").read_text())
        same = stamp["key"] == key and all(_identity(Path(p)) == was for p, was in stamp["programs"].items())
        if not same or not _allowed(stamp["source"], mode):
            return None
        return _toolchain(home, stamp["source"], stamp["origin"])
    except (OSError, ValueError, KeyError):
        return None  # no stamp, a program that is gone, or a stamp of an older release: found anew


def _allowed(source: str, mode: Mode) -> bool:
    return mode == "auto" or (source == "built") == (mode == "offline")


def _identity(program: Path) -> list[int]:
    """Size and time of a file, links followed: a program that was replaced differs."""
    found = program.stat()
    return [found.st_size, found.st_mtime_ns]


@once
def _pins() -> dict:
    pins = tomllib.loads(PINS.read_text())
    for file, digest in pins["sha256"].items():
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise UserError(
                f"The checksum of {file} isn't a SHA-256 in lower case: {digest}",
                where=f"[sha256] in {PINS.name}",
                next_step="put the 64 digits that sha256sum prints",
            )
    return pins
