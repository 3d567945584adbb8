"""What components compute before any resource exists."""

import shlex

from components.edge import EdgeArgs, configuration
from components.identity import Identity
from components.job import JobArgs, _docker_run
from components.postgres import _roles_sql, maintenance_mb, server_arguments
from components.redis import configuration as redis_conf
from components.workload import Health, Limits

IDENTITY = Identity(stack="test", prefix="neurocoretest_", state_id="abcd")


def settings_of(arguments: tuple[str, ...]) -> dict[str, str]:
    assert set(arguments[::2]) == {"-c"}
    return dict(argument.split("=", 1) for argument in arguments[1::2])


def test_postgres_is_tuned_from_its_limits():
    small, large = (settings_of(server_arguments(mb, cpus, 100)) for mb, cpus in ((2048, 1.0), (16384, 8.0)))
    assert (small["shared_buffers"], large["shared_buffers"]) == ("512MB", "4096MB")
    assert (small["max_parallel_workers"], large["max_parallel_workers"]) == ("1", "8")
    assert maintenance_mb(2048) == 256 and maintenance_mb(64 * 1024) == 2048


def test_the_database_logs_no_statement():
    settings = settings_of(server_arguments(2048, 1, 100))
    assert settings["log_statement"] == "none" and settings["log_min_error_statement"] == "panic"


def test_passwords_are_quoted_in_sql():
    assert "ALTER ROLE neurocore_app PASSWORD 'it''s';" in _roles_sql(
        {"neurocore_app": "it's", "neurocore_monitor": "b"}
    )


def test_redis_keeps_the_queue():
    lines = redis_conf(512, "secret").splitlines()
    for line in ("appendonly yes", "appendfsync everysec", "maxmemory-policy volatile-lru", "maxmemory 384mb"):
        assert line in lines


def edge_configuration(replicas: int = 2) -> str:
    args = EdgeArgs(
        image="x",
        limits=Limits(0.5, 128, 256),
        network="w",
        bind="127.0.0.1",
        site_port=80,
        frontend_port=3002,
        api_port=8002,
        api_replicas=replicas,
        frontend_replicas=2,
    )
    return configuration(args, IDENTITY)


def test_the_edge_has_room_for_two_generations():
    assert "server-template api 10 neurocoretest_api:8000" in edge_configuration(3)


def test_the_edge_repeats_only_what_may_be_repeated():
    assert "disable-l7-retry if !{ method GET HEAD OPTIONS }" in edge_configuration()


def test_the_edge_logs_no_query_strings():
    log_format = next(line for line in edge_configuration().splitlines() if "log-format" in line)
    assert "%HPO" in log_format and "%HU" not in log_format and "%r" not in log_format


def test_a_health_check_over_http_is_plain_bash():
    command = Health.http(8000, "/health/started").command
    assert command[:3] == ("CMD", "bash", "-c") and "/dev/tcp/127.0.0.1/8000" in command[3]


def test_a_job_is_hardened_and_removes_what_an_interrupted_run_left():
    args = JobArgs("migrate", "sha256:1", ("neurocore", "migrate"), "data", "10001:10001", 256)
    script = _docker_run(
        "neurocoretest_job_migrate",
        args,
        image="sha256:1",
        command=["neurocore", "migrate"],
        environment={"A": "it's"},
        labels={"l": "v"},
        secrets="/s",
    )
    first, second = script.splitlines()
    assert first.startswith("docker rm --force neurocoretest_job_migrate")
    words = shlex.split(second)
    for word in ("--rm", "--read-only", "no-new-privileges:true", "A=it's", "ALL"):
        assert word in words
    assert words[-3:] == ["sha256:1", "neurocore", "migrate"]
