"""What a preview of the whole program shows, without a host."""

import pytest

CONTAINER = "docker:index/container:Container"
EXPECTED = {"postgres": 1, "redis": 1, "api": 2, "worker": 1, "flower": 1, "frontend": 2, "edge": 1}


def containers(steps: list[dict]) -> list[dict]:
    return [step["newState"]["inputs"] for step in steps if step.get("newState", {}).get("type") == CONTAINER]


def service_of(container: dict) -> str:
    return next(label["value"] for label in container["labels"] if label["label"] == "neurocore.service")


@pytest.fixture
def planned(scratch) -> list[dict]:
    return scratch.preview()


def test_a_preview_without_a_host_is_complete(planned):
    found: dict[str, int] = {}
    for container in containers(planned):
        found[service_of(container)] = found.get(service_of(container), 0) + 1
    assert found == EXPECTED
    assert {step["op"] for step in planned} == {"create"}


def test_every_container_is_hardened_limited_watched_and_given_time_to_stop(planned):
    for container in containers(planned):
        service = service_of(container)
        assert container["readOnly"] is True, service
        assert container["capabilities"]["drops"] == ["ALL"], service
        assert not container["capabilities"].get("adds"), service
        assert container["securityOpts"] == ["no-new-privileges:true"], service
        assert container["user"].split(":")[0] not in ("", "0", "root"), service
        assert container["memory"] == container["memorySwap"] > 0, service
        assert container["cpuQuota"] > 0, service
        assert container["healthcheck"]["tests"][0] == "CMD", service
        assert container["restart"] == "always", service
        assert container["destroyGraceSeconds"] >= 30, service
        assert container["logOpts"]["max-size"] and container["logOpts"]["max-file"], service
        assert not container.get("privileged"), service


def test_ports_are_published_on_loopback_only(planned):
    bound = {port["ip"] for container in containers(planned) for port in container.get("ports", [])}
    assert bound == {"127.0.0.1"}


def test_only_folders_and_volumes_are_mounted_and_never_dockers_socket(planned):
    for container in containers(planned):
        for mount in container.get("mounts", []):
            assert mount["target"] in (
                "/run/secrets",
                "/data",
                "/var/lib/postgresql/data",
                "/usr/local/etc/haproxy",
            )
            assert "docker.sock" not in mount["target"]


def test_no_environment_variable_looks_like_a_secret(planned):
    for container in containers(planned):
        for variable in container.get("envs", []):
            name, _, value = variable.partition("=")
            if any(word in name for word in ("PASSWORD", "SECRET", "TOKEN", "KEY")):
                assert value.startswith("/run/secrets/"), name


def test_rolling_instances_are_named_by_the_engine_and_singles_by_us(planned):
    for container in containers(planned):
        service = service_of(container)
        if service in ("api", "worker", "frontend"):
            assert container["name"].startswith(f"neurocoretestpreview_{service}_")
            assert container["name"] != f"neurocoretestpreview_{service}"
        else:
            assert container["name"] == f"neurocoretestpreview_{service}"


def test_data_and_its_passwords_are_protected(planned):
    protected = {step["newState"]["type"] for step in planned if step["newState"].get("protect")}
    assert {"docker:index/volume:Volume", "random:index/randomPassword:RandomPassword"} <= protected
    for step in planned:
        if step["newState"]["type"] == "docker:index/volume:Volume":
            assert step["newState"]["protect"] is True


def test_replicas_and_ports_follow_the_settings(scratch):
    scratch.configure(replicas={"api": 3}, ports={"offset": 30000})
    found = containers(scratch.preview())
    assert sum(service_of(container) == "api" for container in found) == 3
    ports = {port["external"] for container in found for port in container.get("ports", [])}
    assert ports == {30080, 33002, 38002, 35434, 36381, 35555}


def test_a_refused_configuration_plans_nothing_and_says_everything(scratch):
    scratch.configure(ports={"api": 5433}, limits={"worker": {"memory_mb": "lots"}}, extra={"x": 1})
    refused = scratch.pulumi("preview", check=False)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0
    for sentence in ("has 3 problems", "neurocore:ports", "neurocore:limits.worker.memory_mb", "neurocore:extra"):
        assert sentence in said
    assert "Traceback" not in said
    assert CONTAINER not in said
