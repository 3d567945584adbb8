"""The catalogue of upstream images: which software, from where, which version, and how a mirror changes the name."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

CATALOGUE = Path(__file__).with_name("images.toml")

STAND_IN_REGISTRY = "127.0.0.1:5001"
"""Where offline/images serves its stand-ins. They are built on the spot, so upstream's digests don't apply to them."""

_KEYS = ("repository", "tag", "digest")
# The grammar of image names: https://pkg.go.dev/github.com/distribution/reference
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_HOST = re.compile(r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\[[0-9a-fA-F:]+\]|[A-Za-z0-9-]+(?=:))(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class CatalogueError(ValueError):
    """The catalogue or a mirror's address is not usable; the message names the entry, the key and what is allowed."""


@dataclass(frozen=True)
class Image:
    """One upstream image. `digest` is empty as long as it isn't pinned."""

    name: str
    repository: str
    tag: str
    digest: str = ""

    @property
    def path(self) -> str:
        """The repository without its registry host: `library/redis`."""
        return self.repository.partition("/")[2]

    def reference(self, mirror: str | None = None) -> str:
        """The full name to pull, from the publisher or from `mirror` (`host[:port][/path]`).

        A mirror carries the publisher's content, hence its digests; only the stand-ins of this project have their own.
        Raises CatalogueError when `mirror` is not of that form.
        """
        repository = self.repository if not mirror else f"{_checked_mirror(mirror)}/{self.path}"
        pin = f"@{self.digest}" if self.digest and mirror != STAND_IN_REGISTRY else ""
        return f"{repository}:{self.tag}{pin}"


def load_catalogue(path: Path = CATALOGUE) -> dict[str, Image]:
    """Read the catalogue, by name. Raises CatalogueError for anything that isn't exactly as expected."""
    try:
        entries = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path}: not valid TOML: {error}") from error
    return {name: _read_entry(path, name, entry) for name, entry in entries.items()}


def _read_entry(path: Path, name: str, entry: object) -> Image:
    where = f"{path}: [{name}]"
    if not isinstance(entry, dict):
        raise CatalogueError(f"{where}: expected a table with {', '.join(_KEYS)}")
    if unknown := sorted(entry.keys() - set(_KEYS)):
        raise CatalogueError(f"{where}: unknown key {unknown[0]!r}; allowed are {', '.join(_KEYS)}")
    for key in ("repository", "tag"):
        if key not in entry:
            raise CatalogueError(f"{where}: key {key!r} is missing")
    for key, value in entry.items():
        if not isinstance(value, str):
            raise CatalogueError(f"{where}: {key} = {value!r} is not a string")
    image = Image(name, entry["repository"], entry["tag"], entry.get("digest", ""))
    host, _, _ = image.repository.partition("/")
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(image.path):
        raise CatalogueError(
            f"{where}: repository = {image.repository!r} is not a registry host and a path, like docker.io/library/redis"
        )
    if not _TAG.fullmatch(image.tag) or image.tag == "latest":
        raise CatalogueError(f"{where}: tag = {image.tag!r} is not the tag of a version ('latest' is none)")
    if image.digest and not _DIGEST.fullmatch(image.digest):
        raise CatalogueError(f"{where}: digest = {image.digest!r} is not 'sha256:' and 64 lower-case hex digits")
    return image


def _checked_mirror(mirror: str) -> str:
    host, slash, path = mirror.partition("/")
    if not _HOST.fullmatch(host) or (slash and not _PATH.fullmatch(path)):
        raise CatalogueError(
            f"images.mirror = {mirror!r} is not of the form host[:port][/path], like registry.example.org/dockerhub "
            "(no https://, no slash at the end)"
        )
    return mirror
