"""What there is to build: one recipe a stand-in, and a hash of everything its image is made from."""

from __future__ import annotations

import hashlib
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """How one stand-in is built. `base` is a Debian release; `build_s` is what the build took on two cores."""

    name: str
    base: str
    build_s: int
    folder: Path

    def hash(self, base_key: str) -> str:
        """Hash of the image's inputs: the files of its folder (path, executable or not, content) and its base."""
        digest = hashlib.sha256(base_key.encode())
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file()):
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\n{path.relative_to(self.folder)} {executable} {content}".encode())
        return digest.hexdigest()


def load_recipes(folder: Path = FOLDER) -> dict[str, Recipe]:
    """Read recipes.toml, by name. A mistake in it is the programmer's: it surfaces as the plain exception."""
    entries = tomllib.loads((folder / "recipes.toml").read_text())
    return {name: Recipe(name=name, folder=folder / name, **entry) for name, entry in entries.items()}
