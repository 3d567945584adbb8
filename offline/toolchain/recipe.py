"""What is built, and how: plain data, so that a part's key can cover its own recipe and nothing else."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent
PINS = SOURCE.parent.parent / "operate" / "toolchain.toml"
SDK = "github.com/pulumi/pulumi/sdk/v3"


@dataclass(frozen=True)
class Build:
    """``go build`` of a package into a file; ``variable`` is set to ``version`` by the linker."""

    package: str
    output: str
    variable: str = ""
    version: str = ""
    tags: str = ""

    @property
    def flags(self) -> list[str]:
        """The same flags everywhere, or the parts don't share Go's build cache."""
        stamp = f" -X {self.variable}={self.version}" if self.variable else ""
        return [*(["-tags", self.tags] if self.tags else []), "-trimpath", "-ldflags", f"-s -w{stamp}"]


@dataclass(frozen=True)
class GenerateSchema:
    """Run a built schema generator; what it writes is embedded into the plugin built after it."""

    generator: str
    into: str
    files: tuple[str, ...] = ("schema.json", "bridge-metadata.json")


@dataclass(frozen=True)
class CopyFromModule:
    """Take a file out of a Go module, as it is."""

    module: str
    file: str


@dataclass(frozen=True)
class Part:
    """Something that is built and kept by itself.

    Attributes:
        title: what a person calls it.
        minutes: time of a cold build on two cores, with what the parts before it left in Go's build cache.
        module: folder of the Go module in which the steps run.
        sources: all that goes into it.
        products: files it leaves.
    """

    name: str
    title: str
    minutes: int
    module: str
    sources: tuple[str, ...]
    steps: tuple[Build | GenerateSchema | CopyFromModule, ...]
    products: tuple[str, ...]

    def key(self, go_version: str, source: Path = SOURCE) -> str:
        """Changes with the recipe, the sources and lock files, and the Go version."""
        lines = [go_version, self.module, repr(self.steps), repr(self.products)]
        for path in files(self.sources, source):
            lines += [str(path.relative_to(source)), hashlib.sha256(path.read_bytes()).hexdigest()]
        return digest("\n".join(lines))


def digest(text: str) -> str:
    """A short name for a content."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def files(sources: tuple[str, ...], source: Path = SOURCE) -> list[Path]:
    """The files under ``sources``, in a stable order; tests are left out."""
    found = set()
    for name in sources:
        path = source / name
        found.update(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else found.add(path)
    return sorted(p for p in found if not p.name.endswith("_test.go"))


def plugin_versions(pins: Path = PINS) -> dict[str, str]:
    """The plugins and their pinned versions."""
    return tomllib.loads(pins.read_text())["plugins"]


def parts(pins: Path = PINS) -> tuple[Part, ...]:
    """All parts, in the order in which they are built."""
    pinned = tomllib.loads(pins.read_text())
    cli, plugins = pinned["cli"]["version"], pinned["plugins"]
    language_host = pinned["offline"]["language_host"]
    version = f"{SDK}/go/common/version.Version"
    return (
        Part(
            name="engine",
            title="the Pulumi engine",
            minutes=4,
            module="engine",
            sources=("engine",),
            steps=(
                Build("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "pulumi", version, f"v{cli}"),
                CopyFromModule(SDK, "python/cmd/pulumi-language-python-exec"),
            ),
            products=("pulumi", "pulumi-language-python-exec"),
        ),
        Part(
            name="language",
            title="Pulumi's Python language host",
            minutes=1,
            module="language",
            sources=("language",),
            steps=(
                Build(
                    f"{SDK}/python/cmd/pulumi-language-python", "pulumi-language-python", version, f"v{language_host}"
                ),
            ),
            products=("pulumi-language-python",),
        ),
        Part(
            name="command",
            title="the command plugin",
            minutes=2,
            module="plugins",
            sources=("plugins/go.mod", "plugins/go.sum", "plugins/command", *_replaced()),
            steps=(
                Build("./command", "pulumi-resource-command", "main.version", plugins["command"], tags="no_compose"),
            ),
            products=("pulumi-resource-command",),
        ),
        *(_bridged(name, plugins[name], minutes) for name, minutes in (("random", 3), ("docker", 2))),
        Part(
            name="docker-build",
            title="the docker-build plugin",
            minutes=2,
            module="plugin-docker-build",
            sources=("plugin-docker-build", "stubs"),
            steps=(
                Build(
                    ".",
                    "pulumi-resource-docker-build",
                    "github.com/pulumi/pulumi-docker-build/provider.Version",
                    plugins["docker-build"],
                ),
            ),
            products=("pulumi-resource-docker-build",),
        ),
    )


def _bridged(name: str, version: str, minutes: int) -> Part:
    """A Terraform provider under Pulumi's bridge, whose schema is generated and then embedded."""
    variable = f"neurocore.invalid/plugins/{name}.Version"
    return Part(
        name=name,
        title=f"the {name} plugin",
        minutes=minutes,
        module="plugins",
        sources=("plugins/go.mod", "plugins/go.sum", f"plugins/{name}", *_replaced()),
        steps=(
            Build(f"./{name}/schema", "schema-generator", variable, version, tags="no_compose"),
            GenerateSchema("schema-generator", f"{name}/plugin"),
            Build(f"./{name}/plugin", f"pulumi-resource-{name}", variable, version, tags="no_compose"),
        ),
        products=(f"pulumi-resource-{name}",),
    )


def _replaced() -> tuple[str, ...]:
    """Modules that plugins/go.mod replaces by folders: Go reads their go.mod whichever plugin it builds."""
    return ("stubs", "plugins/docker/upstream/go.mod", "plugins/random/upstream/go.mod")
