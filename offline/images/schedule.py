"""Run tasks that wait for one another, a few at a time, the heaviest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter


@dataclass(frozen=True)
class Task:
    """A step of the work. Of those that can start, the one with the largest `weight` goes first."""

    name: str
    weight: int
    action: Callable[[], None] = field(compare=False)


def run(graph: Mapping[Task, set[Task]], *, workers: int, stop: Callable[[], None]) -> None:
    """Run every task after those it waits for.

    The first failure (or an interrupt) starts nothing more, calls `stop` to end what runs, and is raised.
    """
    order = TopologicalSorter(graph)
    order.prepare()
    startable: list[Task] = []
    running: dict[Future[None], Task] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while order.is_active():
                startable = sorted([*startable, *order.get_ready()], key=lambda task: task.weight)
                while startable and len(running) < workers:
                    task = startable.pop()
                    running[pool.submit(task.action)] = task
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    done.result()
                    order.done(running.pop(done))
        except BaseException:
            stop()  # before the pool waits for its threads, which wait for what they started
            raise
