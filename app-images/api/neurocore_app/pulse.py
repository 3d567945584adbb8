"""The worker's proof of life: a file that is touched while Celery's main loop turns.

A timer in the loop ticks while Celery is connected to Redis. Without Redis the loop doesn't turn, and that isn't a
fault of this process: then the pulse goes on, unless Redis has been answering for a while and Celery still hasn't
come back (seen with several releases of its transport), which only a restart mends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import bootsteps

BEAT_S = 2.0
# A loop that turned this long ago hangs.
SILENT_S = 20.0
# Celery's own back-off between attempts grows by 2 s up to 32 s.
RECONNECT_S = 60.0


class Pulse:
    """Watches one main loop; ``redis_answers`` is asked only while Celery isn't connected."""

    def __init__(
        self, file: Path, redis_answers: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = file
        self._redis_answers = redis_answers
        self._clock = clock
        self._connected = False
        self._ticked = clock()
        self._answering_since: float | None = None
        self._ever_connected = threading.Event()

    def connected(self) -> None:
        """The main loop begins to turn."""
        self._connected, self._answering_since = True, None
        self.tick()
        self._ever_connected.set()

    def disconnected(self) -> None:
        """The main loop ended: the connection is lost."""
        self._connected = False

    def tick(self) -> None:
        """Called by the main loop's timer."""
        self._ticked = self._clock()

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether the worker has ever been connected, waiting for it."""
        return self._ever_connected.wait(timeout_s)

    def beats(self) -> bool:
        """Whether the main loop is as it should be."""
        if self._connected:
            return self._clock() - self._ticked < SILENT_S
        if not self._redis_answers():
            self._answering_since = None
            return True
        if self._answering_since is None:
            self._answering_since = self._clock()
        return self._clock() - self._answering_since < RECONNECT_S

    def run(self, stop: threading.Event) -> None:
        """Touch the file every BEAT_S seconds while it beats."""
        while True:
            if self.beats():
                self._file.touch()
            if stop.wait(BEAT_S):
                return


def step(pulse: Pulse) -> type[bootsteps.StartStopStep]:
    """A step of Celery's consumer that tells the pulse."""

    class PulseStep(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            pulse.connected()
            self.timer = consumer.timer.call_repeatedly(BEAT_S, pulse.tick)

        def stop(self, consumer: Any) -> None:
            pulse.disconnected()
            timer = getattr(self, "timer", None)
            if timer is not None:
                timer.cancel()

    return PulseStep
