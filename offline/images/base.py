"""The Debian file systems the stand-ins start from, made by mmdebstrap from the archive this machine uses."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from offline.images.engine import Children, query
from operate.errors import UserError

APT_FOLDER = Path("/etc/apt")
CERTIFICATES = Path("/usr/local/share/ca-certificates")
REPOSITORY = "neurocore-offline/base"
LABEL = "neurocore.offline.base"
ARCHIVE_VARIABLE = "NEUROCORE_DEBIAN_ARCHIVE"

_INSTALLING = threading.Lock()

_RELEASES = {"bullseye", "bookworm", "trixie", "forky", "oldstable", "stable", "testing", "sid", "unstable"}


@dataclass(frozen=True)
class Archive:
    """Where Debian's packages come from: the addresses of the main and of the security archive."""

    main: str
    security: str


def find_archive(apt: Path = APT_FOLDER, override: str | None = None) -> Archive:
    """The archive this machine's apt uses; `override` (by default $NEUROCORE_DEBIAN_ARCHIVE) goes before it.

    UserError when apt's sources name no Debian archive (another distribution).
    """
    override = override if override is not None else os.environ.get(ARCHIVE_VARIABLE, "")
    main = security = ""
    if override:
        main = override.rstrip("/")
    else:
        for address, suite in _sources(apt):
            if suite in _RELEASES and not main:
                main = address
            elif suite.removesuffix("-security") in _RELEASES and suite.endswith("-security") and not security:
                security = address
    if not main:
        raise UserError(
            "This machine's package sources name no Debian archive to build images from.",
            where=str(apt),
            next_step=f"Set {ARCHIVE_VARIABLE} to the address of a Debian mirror, or images.mirror to a registry.",
        )
    return Archive(main, security or f"{main}-security")


def _sources(apt: Path) -> Iterator[tuple[str, str]]:
    """(address, suite) of each source of component main, from both formats that apt reads (sources.list(5))."""
    folder = apt / "sources.list.d"
    for path in sorted(folder.glob("*.sources")):
        for stanza in path.read_text().split("\n\n"):
            fields = dict(
                line.split(":", 1) for line in stanza.splitlines() if ":" in line and not line.startswith(("#", " "))
            )
            if "deb" in fields.get("Types", "").split() and "main" in fields.get("Components", "").split():
                for address in fields.get("URIs", "").split():
                    yield from ((_address(address), suite) for suite in fields.get("Suites", "").split())
    for path in [apt / "sources.list", *sorted(folder.glob("*.list"))]:
        for line in path.read_text().splitlines() if path.exists() else []:
            before, bracket, after = line.partition("] ")
            words = (f"deb {after}" if bracket and before.startswith("deb [") else line).split()
            if words[:1] == ["deb"] and "main" in words[3:]:
                yield _address(words[1]), words[2]


def _address(address: str) -> str:
    """Debian's cloud images name a file with the address in its first line (mirror+file:…)."""
    if address.startswith("mirror+file:"):
        lines = Path("/" + address.removeprefix("mirror+file:").lstrip("/")).read_text().split()
        address = lines[0] if lines else address
    return address.rstrip("/")


@dataclass(frozen=True)
class Base:
    """One Debian release as a base image. Its key changes with the archive, the machine's CA certificates, the recipe."""

    suite: str
    archive: Archive
    certificates: tuple[Path, ...]

    @property
    def key(self) -> str:
        digest = hashlib.sha256("\n".join(self._command("OUT")).encode())
        for certificate in self.certificates:
            digest.update(certificate.read_bytes())
        return digest.hexdigest()

    @property
    def image(self) -> str:
        return f"{REPOSITORY}:{self.suite}-{self.key[:12]}"

    def tarball(self, cache: Path) -> Path:
        return cache / "images" / f"base-{self.suite}-{self.key[:12]}.tar"

    def _command(self, out: str) -> list[str]:
        main, security = self.archive.main, self.archive.security
        hooks = []
        if self.certificates:
            # Networks that inspect TLS: without the machine's own authorities pip and npm fail inside builds.
            hooks = [f"--customize-hook=upload {path} {CERTIFICATES / path.name}" for path in self.certificates] + [
                '--customize-hook=chroot "$1" update-ca-certificates'
            ]
        return [
            "mmdebstrap",
            f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
            "--variant=minbase",
            "--include=ca-certificates",
            '--aptopt=Apt::Install-Recommends "0"',
            "--dpkgopt=force-unsafe-io",  # no fsync a file: an interrupted build is thrown away anyway
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            *hooks,
            '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin',
            self.suite,
            out,
            f"deb {main} {self.suite} main",
            f"deb {main} {self.suite}-updates main",
            f"deb {security} {self.suite}-security main",
        ]

    def ensure(self, cache: Path, children: Children, log: Path, report: Callable[[str], None]) -> None:
        """Make the base image known to Docker: from the cached tarball, else from the archive (about 30 seconds)."""
        if query("image", "inspect", self.image).returncode == 0:
            return
        tarball = self.tarball(cache)
        if not tarball.exists():
            install_mmdebstrap(children, log, report)
            report(f"Making a Debian {self.suite} base image (about 30 seconds)")
            tarball.parent.mkdir(parents=True, exist_ok=True)
            unfinished = tarball.with_suffix(f".{os.getpid()}.tar")
            try:
                children.run(f"Making the Debian {self.suite} base image", self._command(str(unfinished)), log=log)
                unfinished.rename(tarball)
            finally:
                unfinished.unlink(missing_ok=True)
            for superseded in tarball.parent.glob(f"base-{self.suite}-*.tar"):
                if superseded != tarball:
                    superseded.unlink()
        changes = ['CMD ["bash"]', "ENV LANG=C.UTF-8", f"LABEL {LABEL}={self.key}"]
        options = [option for change in changes for option in ("--change", change)]
        children.run(
            f"Importing the Debian {self.suite} base image",
            ["docker", "import", *options, str(tarball), self.image],
            log=log,
        )


def find_base(suite: str, *, archive: Archive | None = None, certificates: Path = CERTIFICATES) -> Base:
    """The base for a release on this machine. UserError as in `find_archive`."""
    return Base(suite, archive or find_archive(), tuple(sorted(certificates.glob("*.crt"))))


def install_mmdebstrap(children: Children, log: Path, report: Callable[[str], None]) -> None:
    """Install mmdebstrap where it is missing and may be installed; otherwise UserError with the command to give."""
    # Two bases may be made side by side, and apt serves one at a time.
    with _INSTALLING:
        if not shutil.which("mmdebstrap"):
            _install(children, log, report)


def _install(children: Children, log: Path, report: Callable[[str], None]) -> None:
    command = ["apt-get", "install", "-y", "--no-install-recommends", "mmdebstrap", "debian-archive-keyring"]
    by_hand = f"sudo apt-get update && sudo {' '.join(command)}"
    if not shutil.which("apt-get"):
        raise UserError(
            "Debian base images can't be made here: mmdebstrap is missing, and so is apt-get to install it.",
            next_step="Install mmdebstrap, or set images.mirror to a registry that has the images.",
        )
    if os.geteuid() != 0:
        raise UserError("Debian base images are made by mmdebstrap, which is not installed.", next_step=by_hand)
    report("Installing mmdebstrap, which makes Debian base images")
    children.run("Updating the package lists", ["apt-get", "update"], log=log, next_step=by_hand)
    children.run("Installing mmdebstrap", command, log=log, next_step=by_hand)
