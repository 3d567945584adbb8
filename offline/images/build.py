"""Build the stand-ins that are missing or changed and serve them: `ensure(names, cache=…, report=…)`.

By hand, from the top of the repository: `python -m offline.images.build [--fresh] [NAME...]`.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from offline.images import registry, schedule
from offline.images.base import REPOSITORY as BASE_REPOSITORY
from offline.images.base import Base, find_archive, find_base
from offline.images.engine import Children, docker, query
from offline.images.recipes import Recipe, load_recipes
from offline.images.schedule import Task
from operate.errors import UserError
from stacks.images import STAND_IN_REGISTRY, Image, load_catalogue

PARALLEL_BUILDS = 2
REGISTRY_IMAGE = "neurocore-offline/registry:2"
STAGE_LABEL = "neurocore.offline.stage"
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

Report = Callable[[str], None]


@dataclass(frozen=True)
class RegistryStatus:
    """What `./neurocore status` says of the registry: is it running, where, and what it serves (path:tag)."""

    running: bool
    address: str
    images: tuple[str, ...]


def status() -> RegistryStatus:
    """Ask the registry itself; one that doesn't answer isn't running. Needs neither root nor Docker."""
    try:
        return RegistryStatus(True, STAND_IN_REGISTRY, tuple(registry.served_images()))
    except registry.NoAnswer:
        return RegistryStatus(False, STAND_IN_REGISTRY, ())


def default_cache() -> Path:
    """$NEUROCORE_CACHE, by default ~/.cache/neurocore."""
    return Path(os.environ.get("NEUROCORE_CACHE") or Path.home() / ".cache" / "neurocore")


def ensure(names: Iterable[str], *, cache: Path, report: Report, fresh: bool = False) -> str:
    """Have the stand-ins `names` (of the catalogue) built and served; return the mirror to use, `127.0.0.1:5001`.

    Only what is missing or whose recipe changed is built, two at a time, the longest first; `fresh` builds all of them
    again with Debian's present packages. Safe to interrupt and to repeat, and to call from several processes at once.
    Under half a second when there is nothing to do. UserError for everything the operator can put right.
    """
    plan = _plan(names, cache)
    if not fresh and plan.registry.is_serving() and not plan.outdated():
        return STAND_IN_REGISTRY
    with _lock(cache, report):
        _Build(plan, report, fresh=fresh).run()
    return STAND_IN_REGISTRY


@dataclass(frozen=True)
class _StandIn:
    """A recipe together with the name it is served under and the hash of what it is made from."""

    recipe: Recipe
    base: Base
    reference: str
    hash: str
    upstream: Image | None = None

    def is_built(self) -> bool:
        form = f'{{{{index .Config.Labels "{registry.RECIPE_LABEL}"}}}}'
        result = query("image", "inspect", "--format", form, self.reference)
        return result.returncode == 0 and result.stdout.strip() == self.hash


@dataclass(frozen=True)
class _Plan:
    cache: Path
    stand_ins: tuple[_StandIn, ...]
    registry_image: _StandIn
    registry: registry.Registry

    def outdated(self) -> list[_StandIn]:
        """Those the registry doesn't serve as their recipe says now."""
        return [s for s in self.stand_ins if registry.served_recipe(s.upstream.path, s.upstream.tag) != s.hash]


def _plan(names: Iterable[str], cache: Path) -> _Plan:
    recipes, catalogue, archive = load_recipes(), load_catalogue(), find_archive()
    bases = {suite: find_base(suite, archive=archive) for suite in {r.base for r in recipes.values()}}

    def stand_in(name: str, reference: str, upstream: Image | None) -> _StandIn:
        recipe = recipes[name]
        base = bases[recipe.base]
        return _StandIn(recipe, base, reference, recipe.hash(base.key), upstream)

    wanted = []
    for name in dict.fromkeys(names):
        if name not in recipes or name not in catalogue:
            raise UserError(
                f"There is no stand-in for an image named {name!r}.",
                where="offline/images/recipes.toml and stacks/images.toml",
                next_step=f"Known are: {', '.join(n for n in recipes if n in catalogue)}.",
            )
        wanted.append(stand_in(name, catalogue[name].reference(STAND_IN_REGISTRY), catalogue[name]))
    registry_image = stand_in("registry", REGISTRY_IMAGE, None)
    return _Plan(cache, tuple(wanted), registry_image, registry.Registry(REGISTRY_IMAGE, registry_image.hash, cache))


@contextlib.contextmanager
def _lock(cache: Path, report: Report) -> Iterator[None]:
    """One process builds at a time; the lock goes with the process, however it ends."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "images.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Another process is building images: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class _Build:
    """One run: bases, then images two at a time, each pushed as soon as the registry serves."""

    def __init__(self, plan: _Plan, report: Report, *, fresh: bool) -> None:
        self.plan, self.report, self.fresh = plan, report, fresh
        self.children = Children()
        self.superseded: list[str] = []
        self.logs = plan.cache / "logs" / "images"

    def run(self) -> None:
        if self.plan.registry.has_storage():
            # What it serves is only known when it runs, and may be all that is wanted.
            self._run_tasks([])
            self._run_tasks(list(self.plan.stand_ins) if self.fresh else self.plan.outdated())
        else:
            self._run_tasks(list(self.plan.stand_ins))
        self._remove_superseded()

    def _run_tasks(self, outdated: list[_StandIn]) -> None:
        schedule.run(self._tasks(outdated), workers=PARALLEL_BUILDS, stop=self.children.stop)

    def _tasks(self, outdated: list[_StandIn]) -> dict[Task, set[Task]]:
        """What it takes to have the registry run and serve `outdated`: the tasks, and what each waits for."""
        plan = self.plan
        graph: dict[Task, set[Task]] = {}
        bases: dict[str, Task] = {}

        def add_build(stand_in: _StandIn) -> set[Task]:
            if stand_in.is_built() and not self.fresh:
                return set()
            suite = stand_in.recipe.base
            if suite not in bases:
                heaviest = max(s.recipe.build_s for s in [*outdated, plan.registry_image] if s.recipe.base == suite)
                bases[suite] = Task(f"base-{suite}", heaviest, lambda: self._make_base(stand_in.base))
                graph[bases[suite]] = set()
            task = Task(f"build-{stand_in.recipe.name}", stand_in.recipe.build_s, lambda: self._build_image(stand_in))
            graph[task] = {bases[suite]}
            return {task}

        serve = Task("serve", 0, lambda: plan.registry.serve(self.report))
        graph[serve] = set() if plan.registry.is_serving() else add_build(plan.registry_image)
        for stand_in in outdated:
            push = Task(f"push-{stand_in.recipe.name}", 1, lambda s=stand_in: self._push(s))
            graph[push] = {serve} | add_build(stand_in)
        return graph

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _make_base(self, base: Base) -> None:
        if self.fresh:
            base.tarball(self.plan.cache).unlink(missing_ok=True)
            query("image", "rm", "--force", base.image)  # not there is fine: it is made next
        base.ensure(self.plan.cache, self.children, self._log(f"base-{base.suite}"), self.report)

    def _build_image(self, stand_in: _StandIn) -> None:
        recipe, upstream = stand_in.recipe, stand_in.upstream
        what = f"{upstream.repository}:{upstream.tag}" if upstream else "docker.io/library/registry:2"
        self.report(f"Building {recipe.name}, the stand-in for {what} (about {recipe.build_s} seconds)")
        log = self._log(recipe.name)
        log.unlink(missing_ok=True)
        proxies = [option for name in _PROXY_VARIABLES if os.environ.get(name) for option in ("--build-arg", name)]
        if before := query("image", "inspect", "--format", "{{.Id}}", stand_in.reference).stdout.strip():
            self.superseded.append(before)
        started = time.monotonic()
        self.children.run(
            f"Building {recipe.name}",
            [
                *("docker", "build", "--force-rm", "--build-arg", f"BASE_IMAGE={stand_in.base.image}", *proxies),
                *("--label", f"{registry.RECIPE_LABEL}={stand_in.hash}"),
                *("--label", f"org.opencontainers.image.title={recipe.name} (stand-in for {what})"),
                *(["--no-cache"] if self.fresh else []),
                *("--tag", stand_in.reference, str(recipe.folder)),
            ],
            log=log,
        )
        self.report(f"Built {recipe.name} in {time.monotonic() - started:.0f} seconds")

    def _push(self, stand_in: _StandIn) -> None:
        name = stand_in.recipe.name
        self.children.run(f"Pushing {name}", ["docker", "push", stand_in.reference], log=self._log(name))

    def _remove_superseded(self) -> None:
        """Remove what this run replaced, unless something is built upon it or runs from it (Docker then refuses)."""
        # By id and by stage, never by the recipe's label: images built upon a stand-in inherit that.
        for image in self.superseded:
            query("image", "rm", image)
        docker("image", "prune", "--force", "--filter", f"label={STAGE_LABEL}")
        bases = {s.base.suite: s.base.image for s in [*self.plan.stand_ins, self.plan.registry_image]}
        for image in docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", BASE_REPOSITORY).split():
            suite = image.removeprefix(f"{BASE_REPOSITORY}:").rpartition("-")[0]
            if image != bases.get(suite, image):
                query("image", "rm", image)


def main() -> None:
    """The command line: names default to the whole catalogue."""
    parser = argparse.ArgumentParser(description="Build the stand-ins for upstream images and serve them.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="images of stacks/images.toml (default: all)")
    parser.add_argument("--fresh", action="store_true", help="build again, with Debian's present packages")
    arguments = parser.parse_args()
    try:
        ensure(
            arguments.names or [name for name in load_catalogue() if name in load_recipes()],
            cache=default_cache(),
            report=lambda line: print(line, flush=True),
            fresh=arguments.fresh,
        )
    except UserError as error:
        raise SystemExit(str(error)) from error
    except KeyboardInterrupt:
        raise SystemExit("Interrupted: what was built is kept, the next run goes on from there.") from None
    for reference in status().images:
        print(f"{STAND_IN_REGISTRY}/{reference}")


if __name__ == "__main__":
    main()
