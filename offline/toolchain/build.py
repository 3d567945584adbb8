"""Builds the toolchain into the cache, part by part, and only what has changed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from operate.errors import UserError

from . import go, recipe, whole
from .recipe import Build, CopyFromModule, GenerateSchema, Part

Report = Callable[[str], None]

# How the parts are laid out together; a change makes older ones unused.
LAYOUT = "hard links"

# How often a build that goes on is mentioned.
SILENCE_S = 60
# How long a stopped Go has to end by itself.
GRACE_S = 10


@dataclass(frozen=True)
class BuiltToolchain:
    """A toolchain in the cache.

    Attributes:
        bin: holds pulumi, pulumi-language-python and pulumi-language-python-exec.
        plugins: the layout of PULUMI_HOME/plugins: resource-NAME-vVERSION/pulumi-resource-NAME.
    """

    bin: Path
    plugins: Path


def ensure(cache: Path, report: Report) -> BuiltToolchain:
    """Build what isn't in ``cache`` yet; about a quarter of an hour at first, a moment afterwards.

    Args:
        cache: folder that several working copies may share.
        report: takes progress sentences.

    Raises:
        UserError: Go can't be had, or a build failed; with the end of what Go said and where all of it is.
    """
    found = find(cache)
    if found:
        return found
    directory = cache / "toolchain"
    with whole.alone(directory, report, "building the toolchain"):
        compiler = go.ensure(cache, report)
        parts = recipe.parts()
        missing = [part for part in parts if not _complete(_kept(part, cache, compiler.version), part)]
        if missing:
            minutes = sum(part.minutes for part in missing)
            report(
                f"Building {len(missing)} of the toolchain's {len(parts)} parts from Go modules: "
                f"about {minutes} minutes on two processors, less where Go has built the same before"
            )
        for number, part in enumerate(missing, 1):
            _build(part, compiler, cache, report, f"{number} of {len(missing)}")
        return _assemble(parts, compiler.version, cache)


def find(cache: Path) -> BuiltToolchain | None:
    """The toolchain of these sources, if it is in ``cache`` as a whole."""
    compiler = go.find(cache)
    version = compiler.version if compiler else go.pinned_version()
    built = _assembly(recipe.parts(), version, cache)
    programs = [*built.bin.glob("*"), *built.plugins.glob("*/*")]
    wanted = sum(len(part.products) for part in recipe.parts())
    return built if len(programs) == wanted else None


def _kept(part: Part, cache: Path, go_version: str) -> Path:
    return cache / "toolchain" / "parts" / f"{part.name}-{part.key(go_version)}"


def _complete(folder: Path, part: Part) -> bool:
    return all((folder / product).exists() for product in part.products)


def _assembly(parts: tuple[Part, ...], go_version: str, cache: Path) -> BuiltToolchain:
    together = "".join(part.key(go_version) for part in parts) + LAYOUT
    folder = cache / "toolchain" / "built" / recipe.digest(together)
    return BuiltToolchain(folder / "bin", folder / "plugins")


def _assemble(parts: tuple[Part, ...], go_version: str, cache: Path) -> BuiltToolchain:
    """Lay the kept parts out as one toolchain.

    By hard links, not symbolic ones: the language host looks for its executor beside its own real path.
    """
    built = _assembly(parts, go_version, cache)
    versions = recipe.plugin_versions()
    with whole.folder(built.bin.parent) as new:
        (new / "bin").mkdir()
        for part in parts:
            for product in part.products:
                plugin = product.removeprefix("pulumi-resource-")
                place = new / "bin"
                if plugin != product:
                    place = new / "plugins" / f"resource-{plugin}-v{versions[plugin]}"
                    place.mkdir(parents=True)
                _link(_kept(part, cache, go_version) / product, place / product)
    return built


def _link(file: Path, name: Path) -> None:
    try:
        name.hardlink_to(file)
    except OSError:  # a file system without hard links
        shutil.copy2(file, name)


def _build(part: Part, compiler: go.Go, cache: Path, report: Report, position: str) -> None:
    """Build one part in a copy of its sources, so that nothing is generated into the source tree."""
    began = time.monotonic()
    report(f"Building {part.title} ({position}, up to {_minutes(part.minutes * 60)})")
    log = cache / "toolchain" / "logs" / f"{part.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with (
        tempfile.TemporaryDirectory(prefix=whole.UNFINISHED, dir=cache / "toolchain") as copy,
        whole.folder(_kept(part, cache, compiler.version)) as out,
    ):
        workshop = _Workshop(part, Path(copy), out, compiler, log, report)
        workshop.copy_sources()
        for step in part.steps:
            workshop.do(step)
        for leftover in set(out.iterdir()) - {out / product for product in part.products}:
            leftover.unlink()
    report(f"  {part.title} is built: {_minutes(time.monotonic() - began)}")


@dataclass(frozen=True)
class _Workshop:
    """Where the steps of one part are done."""

    part: Part
    copy: Path
    out: Path
    compiler: go.Go
    log: Path
    report: Report

    @property
    def module(self) -> Path:
        return self.copy / self.part.module

    def copy_sources(self) -> None:
        for path in recipe.files(self.part.sources):
            target = self.copy / path.relative_to(recipe.SOURCE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    def do(self, step: Build | GenerateSchema | CopyFromModule) -> None:
        program = str(self.compiler.path)
        match step:
            case Build():
                self._run([program, "build", *step.flags, "-o", str(self.out / step.output), step.package])
            case GenerateSchema():
                made = self.copy / "schema"
                generator = str(self.out / step.generator)
                self._run([generator, "schema", "--out", str(made), "--skip-docs", "--skip-examples"])
                for name in step.files:
                    shutil.copyfile(made / name, self.module / step.into / name)
            case CopyFromModule():
                folder = self._run([program, "list", "-m", "-f", "{{.Dir}}", step.module])
                target = self.out / Path(step.file).name
                shutil.copyfile(Path(folder) / step.file, target)
                target.chmod(0o755)

    def _run(self, command: list[str]) -> str:
        """Run a command to its end and return the last line it printed; whatever interrupts us ends it too."""
        environment = {
            **self.compiler.environment(),
            "PULUMI_HOME": str(self.copy / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        with self.log.open("a+") as log:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            process = subprocess.Popen(
                command, cwd=self.module, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                self._wait(process)
            except BaseException:
                _stop(process)
                raise
        lines = self.log.read_text(errors="replace").rstrip().splitlines()
        if process.returncode != 0:
            raise UserError(
                f"Building {self.part.title} failed:\n" + "\n".join(lines[-15:]),
                where=str(self.log),
                next_step=_advice("\n".join(lines)),
            )
        return lines[-1]

    def _wait(self, process: subprocess.Popen) -> None:
        began = time.monotonic()
        while True:
            try:
                process.wait(timeout=SILENCE_S)
                return
            except subprocess.TimeoutExpired:
                self.report(f"  still building {self.part.title}: {_minutes(time.monotonic() - began)} so far")


def _stop(process: subprocess.Popen) -> None:
    """End a process and all that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_S)


def _advice(said: str) -> str:
    """What to do about the failures that aren't the sources' fault."""
    if "no space left on device" in said:
        return "make room (a first build wants 7 GB, most of it in Go's own caches) and run this again"
    if any(sign in said for sign in ("dial tcp", "no such host", "403 Forbidden", "TLS handshake", "i/o timeout")):
        return (
            "Go could not fetch a module: set GOPROXY to a module proxy you can reach (and HTTPS_PROXY), run this again"
        )
    if "signal: killed" in said:
        return "the compiler was killed, most likely for want of memory: give it 3 GB and run this again"
    return "read the log; what is built already is kept, so running this again goes on from here"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
