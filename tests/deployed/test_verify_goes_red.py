"""The verification can fail: the running stack is broken once for each of its checks, and exactly that check fails.

Each test puts the stack right again, whatever happens. That it did is proven by the next test, in which exactly the
checks that it broke may fail, and by the whole verification at the end.

A copy that takes a container's place (``replaced``) leaves the container itself stopped beside it, which is itself
something that nobody declared: where all kinds are asked, that is the second check which fails.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from tests.deployed.breaking import (
    Verdict,
    extra_container,
    replaced,
    run_docker,
    verify,
    wait_until,
    wait_until_healthy,
)

KINDS = ("containers", "limits", "hardening", "ports", "secrets", "health", "metrics")
NEIGHBOURS = (5432, 5433, 6380, 3001, 5173)
UNDECLARED = "containers.nothing_undeclared"

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module", autouse=True)
def green_before_and_after(test_stack: Any) -> Iterator[None]:
    """Everything is as declared when this file begins and when it has put all back."""
    assert_green(verify(test_stack.outputs_path))
    yield
    assert_green(verify(test_stack.outputs_path))


@pytest.fixture
def frontends(test_stack: Any) -> list[str]:
    return names(test_stack, "frontend")


def names(stack: Any, service: str) -> list[str]:
    return [container["name"] for container in stack.outputs["services"][service]["containers"]]


def assert_green(verdict: Verdict) -> None:
    assert (verdict.exit_code, verdict.failed) == (0, frozenset()), verdict.said


def assert_red(verdict: Verdict, *expected: str) -> None:
    assert (verdict.exit_code, verdict.failed) == (1, frozenset(expected)), verdict.said


def labels_of(name: str) -> dict[str, str]:
    return docker.from_env().containers.get(name).labels


def image_of(name: str) -> str:
    return docker.from_env().containers.get(name).attrs["Image"]


def undeclared(stack: Any, **options: Any) -> Any:
    """A container with the stack's labels that the stack doesn't know."""
    like = names(stack, "frontend")[0]
    return extra_container(f"{stack.outputs['prefix']}undeclared", image_of(like), labels_of(like), **options)


# --- containers


def test_a_stopped_container(test_stack: Any, frontends: list[str]) -> None:
    run_docker("stop", frontends[-1])
    try:
        verdict = verify(test_stack.outputs_path, *KINDS)
    finally:
        run_docker("start", frontends[-1])
        wait_until_healthy(frontends[-1])
    assert_red(verdict, "containers.runs_and_is_healthy")
    assert verdict.failed_of == {f"containers.runs_and_is_healthy[frontend/{frontends[-1]}]"}


def test_a_missing_container(test_stack: Any, frontends: list[str]) -> None:
    run_docker("rename", frontends[-1], f"{frontends[-1]}-lost")
    try:
        verdict = verify(test_stack.outputs_path, *KINDS)
    finally:
        run_docker("rename", f"{frontends[-1]}-lost", frontends[-1])
    assert_red(verdict, "containers.runs_and_is_healthy", UNDECLARED)


def test_an_unhealthy_container(test_stack: Any, frontends: list[str]) -> None:
    def change(description: dict[str, Any]) -> None:
        description["Healthcheck"] = {"Test": ["CMD", "false"], "Interval": 1_000_000_000, "Retries": 1}

    with replaced(frontends[-1], change, healthy=False):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "containers.runs_and_is_healthy", UNDECLARED)


def test_another_restart_policy(test_stack: Any, frontends: list[str]) -> None:
    declared = test_stack.outputs["services"]["frontend"]["restart"]
    run_docker("update", "--restart", "no", frontends[0])
    try:
        verdict = verify(test_stack.outputs_path, *KINDS)
    finally:
        run_docker("update", "--restart", declared, frontends[0])
    assert_red(verdict, "containers.restarts_by_itself")


def test_another_image(test_stack: Any, frontends: list[str]) -> None:
    image = run_docker("commit", frontends[0])
    try:
        with replaced(frontends[0], lambda description: description.update(Image=image)):
            verdict = verify(test_stack.outputs_path, "containers")
    finally:
        run_docker("rmi", image)
    assert_red(verdict, "containers.made_of_the_declared_image", UNDECLARED)


def test_a_container_of_another_state(test_stack: Any, frontends: list[str]) -> None:
    def change(description: dict[str, Any]) -> None:
        description["Labels"]["neurocore.state"] = "someone-elses"

    with replaced(frontends[0], change):
        verdict = verify(test_stack.outputs_path, "containers")
    assert_red(verdict, "containers.labelled_as_ours", UNDECLARED)


# --- limits


@pytest.mark.parametrize("limit", ["cpus", "memory", "swap", "pids"])
def test_another_limit(test_stack: Any, frontends: list[str], limit: str) -> None:
    declared = test_stack.outputs["services"]["frontend"]["limits"]
    memory_mb = declared["memory_mb"]
    broken, whole = {
        # In the form in which the limit is set: Docker refuses the other one, --cpus, once this one is in use.
        "cpus": (("--cpu-quota", quota(declared["cpus"] * 2)), ("--cpu-quota", quota(declared["cpus"]))),
        "memory": (
            ("--memory", f"{memory_mb + 16}m", "--memory-swap", f"{memory_mb + 16}m"),
            ("--memory", f"{memory_mb}m", "--memory-swap", f"{memory_mb}m"),
        ),
        "swap": (("--memory-swap", f"{memory_mb * 2}m"), ("--memory-swap", f"{memory_mb}m")),
        "pids": (("--pids-limit", "-1"), ("--pids-limit", f"{declared['pids']}")),
    }[limit]
    run_docker("update", *broken, frontends[0])
    try:
        verdict = verify(test_stack.outputs_path, *KINDS)
    finally:
        run_docker("update", *whole, frontends[0])
    assert_red(verdict, "limits.limits")
    assert verdict.failed_of == {f"limits.limits[frontend/{frontends[0]}]"}


def quota(cpus: float) -> str:
    """Processors as microseconds of each 100 ms."""
    return str(round(cpus * 100_000))


# --- hardening


def host_config(**changes: Any) -> Change:
    return lambda description: description["HostConfig"].update(changes)


def mounting(source: str, target: str) -> Change:
    def change(description: dict[str, Any]) -> None:
        mounts = description["HostConfig"].get("Mounts") or []
        added = {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}
        description["HostConfig"]["Mounts"] = [*mounts, added]

    return change


HARDENING: dict[str, tuple[Change, set[str]]] = {
    "another user": (lambda d: d.update(User=f"{d['User'].split(':')[0]}:0"), {"runs_as_the_declared_user"}),
    "a writable root": (host_config(ReadonlyRootfs=False), {"root_file_system_is_read_only"}),
    "a capability more": (host_config(CapAdd=["NET_ADMIN"]), {"capabilities"}),
    "capabilities kept": (host_config(CapDrop=[]), {"capabilities"}),
    "new privileges": (host_config(SecurityOpt=[]), {"gains_no_privileges"}),
    "no system call filter": (
        host_config(SecurityOpt=["no-new-privileges:true", "seccomp=unconfined"]),
        {"gains_no_privileges"},
    ),
    "the host's processes": (host_config(PidMode="host"), {"has_no_part_of_the_host"}),
    "Docker's socket": (
        mounting("/var/run/docker.sock", "/tmp/docker.sock"),
        {"has_no_docker_socket", "mounts", "only_folders_are_bind_mounted"},
    ),
    "a folder more": (mounting("/srv", "/srv"), {"mounts"}),
    "a tmpfs more": (lambda d: d["HostConfig"]["Tmpfs"].update({"/scratch": ""}), {"mounts"}),
    "a log without end": (host_config(LogConfig={"Type": "json-file", "Config": {}}), {"rotates_its_log"}),
    "another stop signal": (lambda d: d.update(StopSignal="SIGKILL"), {"stops_gently"}),
    "a short stop": (lambda d: d.update(StopTimeout=1), {"stops_gently"}),
    "another network": (lambda d: d["Networks"].update({"bridge": []}), {"networks"}),
    "another alias": (
        lambda d: [n.clear() for n in d["Networks"].values()],
        {"networks"},
    ),
}


@pytest.mark.parametrize(("change", "expected"), HARDENING.values(), ids=HARDENING.keys())
def test_less_hardened(test_stack: Any, frontends: list[str], change: Change, expected: set[str]) -> None:
    with replaced(frontends[0], change):
        verdict = verify(test_stack.outputs_path, "hardening")
    assert_red(verdict, *(f"hardening.{check}" for check in expected))
    assert all(frontends[0] in failed for failed in verdict.failed_of), verdict.said


# --- ports


def test_a_port_more(test_stack: Any) -> None:
    with undeclared(test_stack, ports={"80/tcp": ("127.0.0.1", None)}):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "ports.no_other_port", UNDECLARED)


def test_a_neighbours_port(test_stack: Any) -> None:
    port = next(port for port in NEIGHBOURS if is_free(port))
    with undeclared(test_stack, ports={"80/tcp": ("127.0.0.1", port)}):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "ports.no_other_port", "ports.neighbours_port_is_left_alone", UNDECLARED)
    assert f"ports.neighbours_port_is_left_alone[{port}]" in verdict.failed_of


def test_a_port_on_all_addresses(test_stack: Any) -> None:
    def change(description: dict[str, Any]) -> None:
        for bindings in description["HostConfig"]["PortBindings"].values():
            for binding in bindings:
                binding["HostIp"] = "0.0.0.0"  # noqa: S104

    with replaced(names(test_stack, "flower")[0], change):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(
        verdict,
        "ports.listens_where_declared",
        "ports.loopback_only",
        "ports.publishes_what_is_declared",
        UNDECLARED,
    )


def test_a_declared_port_that_is_not_published(test_stack: Any) -> None:
    with replaced(names(test_stack, "flower")[0], host_config(PortBindings={})):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(
        verdict, "ports.listens_where_declared", "ports.publishes_what_is_declared", "health.health_url", UNDECLARED
    )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# --- secrets


@pytest.fixture
def secret(test_stack: Any) -> str:
    return test_stack.outputs["secrets"]["jwt_secret"]


def test_a_secret_in_the_environment(test_stack: Any, frontends: list[str], secret: str) -> None:
    with replaced(frontends[0], lambda description: description["Env"].append(f"KEY=x{secret}x")):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "secrets.not_in_docker_inspect", "secrets.not_in_environments", UNDECLARED)
    assert secret not in verdict.said


def test_a_secret_in_the_process_list(test_stack: Any, frontends: list[str], secret: str) -> None:
    api = docker.from_env().api
    started = api.exec_create(frontends[0], ["bash", "-c", 'exec -a "$0" sleep infinity', secret])["Id"]
    api.exec_start(started, detach=True)
    wait_until(lambda: secret in run_docker("top", frontends[0]), "the process shows")
    try:
        verdict = verify(test_stack.outputs_path, *KINDS)
    finally:
        os.kill(api.exec_inspect(started)["Pid"], signal.SIGKILL)
    assert_red(verdict, "secrets.not_in_process_lists")


def test_a_secret_in_a_log(test_stack: Any, frontends: list[str], secret: str) -> None:
    # In a copy, whose log goes with it.
    with replaced(frontends[0], lambda description: None):
        run_docker("exec", frontends[0], "bash", "-c", 'echo "connecting with $0" >/proc/1/fd/1', secret)
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "secrets.not_in_logs", UNDECLARED)


def test_a_secret_file_that_others_may_read(test_stack: Any) -> None:
    flower = test_stack.outputs["services"]["flower"]
    folder = next(Path(mount["source"]) for mount in flower["mounts"] if mount["target"] == "/run/secrets")
    file = folder / flower["secrets"][0]
    file.chmod(0o444)
    try:
        verdict = verify(test_stack.outputs_path, *KINDS)
    finally:
        file.chmod(0o400)
    assert_red(verdict, "secrets.files_are_the_users_own")


# --- health and metrics


def test_a_health_url_that_does_not_answer(test_stack: Any) -> None:
    instances = names(test_stack, "api")
    run_docker("pause", *instances)
    try:
        verdict = verify(test_stack.outputs_path, *KINDS)
    finally:
        run_docker("unpause", *instances)
        for instance in instances:
            wait_until_healthy(instance)
        wait_until(lambda: answers(test_stack) == 200, "the edge finds the API again")
    assert_red(verdict, "containers.runs_and_is_healthy", "health.health_url")
    assert "health.health_url[api]" in verdict.failed_of


def test_a_health_command_that_fails(test_stack: Any, frontends: list[str]) -> None:
    def change(description: dict[str, Any]) -> None:
        description.update(Entrypoint=["sleep"], Cmd=["infinity"])
        description["Healthcheck"] = {"Test": ["CMD", "true"], "Interval": 1_000_000_000}

    with replaced(frontends[0], change):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "health.health_command", UNDECLARED)
    assert f"health.health_command[frontend/{frontends[0]}]" in verdict.failed_of


def test_metrics_that_show_at_the_edge(test_stack: Any) -> None:
    with edge_without(test_stack, "path /metrics", unless="prometheus-exporter"):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "health.edge_keeps_metrics_inside")


def test_metrics_that_do_not_show(test_stack: Any) -> None:
    with edge_without(test_stack, "prometheus-exporter"):
        verdict = verify(test_stack.outputs_path, *KINDS)
    assert_red(verdict, "metrics.metrics")


def answers(stack: Any) -> int | None:
    """The status of the API's health URL, through the edge."""
    try:
        return requests.get(stack.outputs["services"]["api"]["health"]["url"], timeout=5).status_code
    except requests.RequestException:
        return None


@contextmanager
def edge_without(stack: Any, words: str, *, unless: str = "\0") -> Iterator[None]:
    """The edge with the lines that have these words taken out of its configuration."""
    edge = stack.outputs["services"]["edge"]
    folder = next(Path(mount["source"]) for mount in edge["mounts"] if mount["type"] == "bind")
    file = folder / "haproxy.cfg"
    whole = file.read_text()
    lines = whole.splitlines(keepends=True)
    broken = "".join(line for line in lines if words not in line or unless in line)
    assert broken != whole, f"{file} has no line with {words}"
    try:
        reload_edge(stack, file, broken)
        yield
    finally:
        reload_edge(stack, file, whole)


def reload_edge(stack: Any, file: Path, configuration: str) -> None:
    """Have the edge serve by another configuration: the old process has gone and the new one finds the API."""
    edge = stack.outputs["services"]["edge"]["containers"][0]["name"]
    before = processes(edge)
    file.write_text(configuration)
    run_docker("kill", "--signal", "USR2", edge)
    wait_until(lambda: len(processes(edge)) == len(before) and processes(edge) != before, "the edge has reloaded")
    wait_until(lambda: answers(stack) == 200, "the edge finds the API")


def processes(name: str) -> set[str]:
    return {row[1] for row in docker.from_env().containers.get(name).top()["Processes"]}


# --- the journey


def test_an_index_that_names_other_pages(test_stack: Any) -> None:
    postgres = names(test_stack, "postgres")[0]

    def sql(statements: str) -> str:
        psql = ["psql", "--username=neurosurgery_admin", "--dbname=neurosurgery_kb", "--no-psqlrc", "--tuples-only"]
        return run_docker("exec", postgres, *psql, "--no-align", "--set=ON_ERROR_STOP=1", f"--command={statements}")

    sql(
        "CREATE FUNCTION break_pages() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.page := NEW.page % 3 + 1; RETURN NEW; END'; "
        "CREATE TRIGGER break_pages BEFORE INSERT ON chunks FOR EACH ROW EXECUTE FUNCTION break_pages()"
    )
    try:
        verdict = verify(test_stack.outputs_path)
    finally:
        sql("DROP TRIGGER break_pages ON chunks; DROP FUNCTION break_pages()")
    assert_red(verdict, "journey.journey")
    assert sql("SELECT count(*) FROM users WHERE email LIKE 'verification-%'") == "0", "the journey leaves nothing"
