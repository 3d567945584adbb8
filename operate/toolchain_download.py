"""Pulumi's own builds: fetched from the publisher or a mirror, checked, unpacked into the cache."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from offline.toolchain import whole
from operate.errors import UserError

MIRROR = "NEUROCORE_PULUMI_RELEASES"
# What pins an archive by its digest: the algorithm by the number of hexadecimal digits.
ALGORITHMS = {64: "sha256", 40: "sha1"}
CLI_PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


class Unavailable(UserError):
    """A published archive can't be had, or not be checked: building here is the way on."""


@dataclass(frozen=True)
class Archive:
    """One published archive.

    Attributes:
        path: under the releases address.
        checksums: addresses of checksum files, the first that answers counts; relative ones are under the same address.
        programs: files to take out of it, by name.
    """

    name: str
    version: str
    path: str
    checksums: tuple[str, ...]
    programs: tuple[str, ...]

    @property
    def file(self) -> str:
        return self.path.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Publisher:
    """Where published archives come from.

    Attributes:
        releases: address above sdk/ and plugins/.
        sha256: pinned digests by file name.
        connect_s: how long a connection may take; short, so that a cut cable costs little.
        stall_s: how long a transfer may stand still.
        file_s: how long one file may take.
    """

    releases: str
    sha256: dict[str, str] = field(default_factory=dict)
    connect_s: float = 3.05
    stall_s: float = 20
    file_s: float = 900

    def answers(self, archive: Archive) -> str:
        """Empty when the archive is there for the taking, or why not."""
        address = f"{self.releases}/{archive.path}"
        try:
            answer = requests.head(address, timeout=(self.connect_s, self.connect_s), allow_redirects=True)
        except requests.RequestException as error:
            return f"{_host(self.releases)} can't be reached ({_reason(error)})"
        return "" if answer.ok else f"{_host(self.releases)} answers {answer.status_code} for {archive.file}"

    def fetch(self, archive: Archive, cache: Path, report: Callable[[str], None]) -> Path:
        """Return the folder in ``cache`` that holds the archive's programs, fetching them if need be.

        Raises:
            Unavailable: the site or the file can't be had, or there is no checksum to hold it against.
            UserError: the file isn't what its checksum says.
        """
        pinned = self.sha256.get(archive.file)
        kept = cached(archive, cache, pinned)
        if kept:
            return kept
        report(f"Getting {archive.file} from {_host(self.releases)}")
        expected = pinned or self._published_checksum(archive)
        with whole.folder(_place(archive, cache)) as new:
            download = new / archive.file
            digest = self._download(archive, download, ALGORITHMS[len(expected)])
            if digest != expected:
                raise UserError(
                    f"{archive.file} isn't the file that was published: its checksum is {digest}, not {expected}.",
                    where=f"{self.releases}/{archive.path}",
                    next_step="try again; if it stays, something between here and the publisher changes files: "
                    "ask your network's people, or build without it (--source offline)",
                )
            _unpack(download, archive, new)
            (new / "sha256").write_text(_digest(download, "sha256") + "\n")
            download.unlink()
        return _place(archive, cache)

    def _published_checksum(self, archive: Archive) -> str:
        tried = []
        for address in archive.checksums:
            url = address if "://" in address else f"{self.releases}/{address}"
            tried.append(url)
            try:
                answer = requests.get(url, timeout=(self.connect_s, self.stall_s))
            except requests.RequestException:
                continue
            # Lines of sha256sum or shasum: digest, spaces, perhaps an asterisk or ./, file name.
            pattern = rf"^([0-9a-fA-F]+)\s+\*?(?:\./)?{re.escape(archive.file)}\s*$"
            found = re.search(pattern, answer.text, re.M) if answer.ok else None
            if found and len(found[1]) in ALGORITHMS:
                return found[1].lower()
        raise Unavailable(
            f"{archive.file} can't be trusted: no checksum for it could be fetched.",
            where=" or ".join(tried),
            next_step="pin one you have checked under [sha256] in operate/toolchain.toml, or use --source offline",
        )

    def _download(self, archive: Archive, target: Path, algorithm: str) -> str:
        """Fetch into ``target``; returns its digest."""
        address = f"{self.releases}/{archive.path}"
        until = time.monotonic() + self.file_s
        hasher = hashlib.new(algorithm, usedforsecurity=False)
        try:
            with (
                requests.get(address, timeout=(self.connect_s, self.stall_s), stream=True) as answer,
                target.open("wb") as f,
            ):
                answer.raise_for_status()
                for block in answer.iter_content(1 << 18):
                    if time.monotonic() > until:
                        raise requests.Timeout(f"not done after {self.file_s:.0f} s")
                    hasher.update(block)
                    f.write(block)
        except requests.RequestException as error:
            raise Unavailable(
                f"{archive.file} could not be fetched: {_reason(error)}.",
                where=address,
                next_step=f"try again, name a mirror in {MIRROR}, or build it here (--source offline)",
            ) from error
        return hasher.hexdigest()


def archives(cli: str, plugins: dict[str, str], plugin_checksums: str) -> list[Archive]:
    """The archives of this platform: the CLI's first, then the plugins'.

    Args:
        cli: version of the CLI.
        plugins: version by name.
        plugin_checksums: address of a plugin's second checksum file, with {name} and {version}.
    """
    system = platform.system().lower()
    arm = platform.machine().lower() in ("arm64", "aarch64")
    found = [
        Archive(
            name="cli",
            version=cli,
            path=f"sdk/pulumi-v{cli}-{system}-{'arm64' if arm else 'x64'}.tar.gz",
            checksums=(f"sdk/pulumi-{cli}-checksums.txt",),
            programs=CLI_PROGRAMS,
        )
    ]
    for name, version in sorted(plugins.items()):
        second = [plugin_checksums.format(name=name, version=version)] if plugin_checksums else []
        found.append(
            Archive(
                name=name,
                version=version,
                path=f"plugins/pulumi-resource-{name}-v{version}-{system}-{'arm64' if arm else 'amd64'}.tar.gz",
                checksums=(f"plugins/pulumi-{name}_{version}_checksums.txt", *second),
                programs=(f"pulumi-resource-{name}",),
            )
        )
    return found


def cached(archive: Archive, cache: Path, pinned: str | None) -> Path | None:
    """The folder of an archive that was fetched before; None if it wasn't, or isn't the pinned one."""
    place = _place(archive, cache)
    try:
        fetched = (place / "sha256").read_text().strip()
    except FileNotFoundError:
        return None
    whole_ = all((place / program).exists() for program in archive.programs)
    return place if whole_ and (pinned is None or pinned == fetched) else None


def mirror() -> str | None:
    """The releases address that the environment puts in the place of the publisher's."""
    return os.environ.get(MIRROR, "").rstrip("/") or None


def _place(archive: Archive, cache: Path) -> Path:
    return cache / "toolchain" / "published" / archive.file.removesuffix(".tar.gz")


def _unpack(download: Path, archive: Archive, target: Path) -> None:
    """Take the wanted programs out, by their base names: nothing else in the archive is touched."""
    try:
        with tarfile.open(download) as tar:
            for member in tar:
                name = Path(member.name).name
                if name in archive.programs and member.isfile():
                    content = tar.extractfile(member)
                    assert content is not None  # noqa: S101 - a regular file has content
                    with (target / name).open("wb") as out:
                        shutil.copyfileobj(content, out)
                    (target / name).chmod(0o755)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError(f"{archive.file} can't be unpacked: {error}.", next_step="run this again") from error
    missing = [name for name in archive.programs if not (target / name).exists()]
    if missing:
        raise UserError(
            f"{archive.file} doesn't contain {', '.join(missing)}.",
            next_step="check the version in operate/toolchain.toml, or use --source offline",
        )


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _host(address: str) -> str:
    return address.split("://", 1)[-1].split("/", 1)[0]


def _reason(error: requests.RequestException) -> str:
    """An error in a few words; the library's own run over three lines."""
    if error.response is not None:
        return f"the answer was {error.response.status_code}"
    kinds = (
        (requests.exceptions.ProxyError, "the proxy refused"),
        (requests.exceptions.SSLError, "its certificate isn't trusted here"),
        (requests.exceptions.ConnectTimeout, "it doesn't answer"),
        (requests.exceptions.Timeout, "it took too long"),
        (requests.exceptions.ChunkedEncodingError, "the transfer broke off"),
        (requests.exceptions.ConnectionError, "no connection"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), type(error).__name__)
