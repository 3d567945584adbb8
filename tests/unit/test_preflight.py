"""What an update refuses before it touches anything."""

import socket

import pytest

from operate import preflight
from operate.docker_engine import Engine
from operate.errors import UserError
from stacks.settings import load

LARGE = Engine("24.0.0", 64000, 16)


@pytest.fixture
def settings():
    return load("test", {"ports": {"offset": 40000}})


@pytest.fixture
def published(monkeypatch):
    """Ports of running containers, as Docker would tell."""
    ports: dict[int, dict[str, str]] = {}
    monkeypatch.setattr(preflight, "_published", lambda _: ports)
    return ports


def test_free_ports_and_a_large_machine_pass(settings, published):
    preflight.check(settings, LARGE)


def test_a_machine_that_is_too_small_is_told_why(settings, published):
    with pytest.raises(UserError, match="MiB are claimed during a release") as caught:
        preflight.check(settings, Engine("24.0.0", 4096, 16))
    assert "Nothing was touched" in caught.value.next_step


def test_a_port_of_another_process_is_named_with_its_key(settings, published):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 48002))
        taken.listen()
        with pytest.raises(UserError, match=r"48002 \(neurocore:ports.api\) is in use by another process"):
            preflight.check(settings, LARGE)


def test_a_port_of_another_container_is_named_with_that_container(settings, published):
    published[45434] = {"name": "somebody", "neurocore.stack": "other"}
    with pytest.raises(UserError, match=r"45434 \(neurocore:ports.postgres\) is published by the container somebody"):
        preflight.check(settings, LARGE)


def test_our_own_containers_are_no_obstacle(settings, published):
    published[45434] = {"name": "neurocoretest_postgres", "neurocore.stack": "test"}
    preflight.check(settings, LARGE)


def test_all_taken_ports_are_said_at_once(settings, published):
    published.update({port: {"name": "somebody"} for port in (45434, 46381)})
    with pytest.raises(UserError) as caught:
        preflight.check(settings, LARGE)
    assert "45434" in caught.value.what and "46381" in caught.value.what
