"""The worker's pulse goes on without Redis, and ends when the main loop hangs."""

from __future__ import annotations

from pathlib import Path

from neurocore_app.pulse import RECONNECT_S, SILENT_S, Pulse


class Scene:
    """A pulse with a clock and a Redis of ours."""

    def __init__(self, tmp_path: Path) -> None:
        self.now = 100.0
        self.redis = False
        self.pulse = Pulse(tmp_path / "heartbeat", lambda: self.redis, clock=lambda: self.now)


def test_a_turning_loop_beats_and_a_hanging_one_does_not(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.pulse.connected()
    scene.now += SILENT_S - 1
    assert scene.pulse.beats()
    scene.pulse.tick()
    scene.now += SILENT_S - 1
    assert scene.pulse.beats()
    scene.now += 2
    assert not scene.pulse.beats()


def test_an_outage_of_redis_is_no_fault_of_the_worker(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.pulse.connected()
    scene.pulse.disconnected()
    scene.now += 3600
    assert scene.pulse.beats()


def test_a_worker_that_does_not_come_back_to_redis_is_started_anew(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.pulse.disconnected()
    scene.redis = True
    assert scene.pulse.beats()
    scene.now += RECONNECT_S - 1
    assert scene.pulse.beats()
    scene.redis = False
    assert scene.pulse.beats()
    scene.redis = True
    scene.now += RECONNECT_S - 1
    assert scene.pulse.beats()
    scene.now += RECONNECT_S + 1
    assert not scene.pulse.beats()
    scene.pulse.connected()
    assert scene.pulse.beats()
