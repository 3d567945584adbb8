"""The stand-ins have the interface of the images they stand for, run hardened, and do what is wanted of them.

The table below is upstream's interface, written down from its published Dockerfiles: a component that works with a
stand-in then works with the image it stands for.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from offline.images import registry
from offline.images.build import REGISTRY_IMAGE, default_cache, ensure, status
from operate.errors import UserError
from stacks.images import STAND_IN_REGISTRY, load_catalogue

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue()
HARDENED = [
    "--read-only",
    *("--tmpfs", "/tmp"),
    *("--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
    *("--pids-limit", "256"),
    *("--memory", "512m"),
]


@dataclass(frozen=True)
class Interface:
    """What `docker inspect` says of an image's configuration; the empty string stands for "not set"."""

    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ports: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    stop_signal: str = ""
    directory: str = ""


UPSTREAM = {
    "postgres": Interface(
        entrypoint=("docker-entrypoint.sh",),
        command=("postgres",),
        ports=frozenset({"5432/tcp"}),
        volumes=frozenset({"/var/lib/postgresql/data"}),
        stop_signal="SIGINT",
    ),
    "redis": Interface(
        entrypoint=("docker-entrypoint.sh",),
        command=("redis-server",),
        ports=frozenset({"6379/tcp"}),
        volumes=frozenset({"/data"}),
        directory="/data",
    ),
    "haproxy": Interface(
        user="haproxy",
        entrypoint=("docker-entrypoint.sh",),
        command=("haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"),
        stop_signal="SIGUSR1",
        directory="/var/lib/haproxy",
    ),
    "nginx": Interface(
        user="101",
        entrypoint=("/docker-entrypoint.sh",),
        command=("nginx", "-g", "daemon off;"),
        ports=frozenset({"8080/tcp"}),
        stop_signal="SIGQUIT",
    ),
    "python": Interface(command=("python3",)),
    "node": Interface(entrypoint=("docker-entrypoint.sh",), command=("node",)),
    "registry": Interface(
        entrypoint=("/entrypoint.sh",),
        command=("/etc/docker/registry/config.yml",),
        ports=frozenset({"5000/tcp"}),
        volumes=frozenset({"/var/lib/registry"}),
    ),
}
USERS = {"postgres": ("postgres", 999), "redis": ("redis", 999), "haproxy": ("haproxy", 99), "nginx": ("nginx", 101)}


def docker(*arguments: str) -> str:
    """Output of a docker command that must succeed."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"docker {' '.join(arguments)}: {result.stdout}{result.stderr}"
    return result.stdout.strip()


def reference(name: str) -> str:
    return REGISTRY_IMAGE if name == "registry" else CATALOGUE[name].reference(STAND_IN_REGISTRY)


def until(
    condition: Callable[[], object], what: str, container: Container | None = None, timeout_s: float = 60
) -> None:
    """Wait for a condition; fail with its name and, if it is about a container, that one's log."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s} s: {what}\n{container.log if container else ''}")
        time.sleep(0.05)


class Container:
    """A container of these tests: its own name, gone with the test."""

    def __init__(self, *arguments: str) -> None:
        self.name = f"neurocoretest_standin_{uuid.uuid4().hex[:8]}"
        docker("run", "--detach", "--name", self.name, *arguments)

    def try_exec(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", "exec", self.name, *command], capture_output=True, text=True, check=False)

    def exec(self, *command: str) -> str:
        return docker("exec", self.name, *command)

    def inspect(self, form: str) -> str:
        return docker("inspect", "--format", form, self.name)

    @property
    def address(self) -> str:
        return self.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")

    @property
    def running(self) -> bool:
        return self.inspect("{{.State.Running}}") == "true"

    @property
    def log(self) -> str:
        result = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True, check=True)
        return result.stdout + result.stderr

    def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        until(lambda: not self.running, "the end of the container", self)
        return int(self.inspect("{{.State.ExitCode}}"))

    def stop(self) -> int:
        docker("stop", "--time", "20", self.name)
        return int(self.inspect("{{.State.ExitCode}}"))


def fetch(container: Container, path: str = "/", port: int = 8080) -> tuple[int, str]:
    """Status and body of a GET, as soon as the container listens."""
    answers: list[tuple[int, str]] = []

    def ask() -> bool:
        connection = http.client.HTTPConnection(container.address, port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            answers.append((response.status, response.read().decode()))
        except OSError:
            return False
        finally:
            connection.close()
        return True

    until(ask, f"an answer on {path}", container)
    return answers[-1]


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    ensure(CATALOGUE, cache=default_cache(), report=print)


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"neurocoretest_standin_{uuid.uuid4().hex[:8]}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", "--force", name)


@pytest.fixture
def run(volume: str) -> Iterator[Callable[..., Container]]:
    """Starts containers, which are gone before the volume is."""
    started: list[Container] = []

    def start(*arguments: str) -> Container:
        started.append(Container(*arguments))
        return started[-1]

    yield start
    for container in started:
        docker("rm", "--force", "--volumes", container.name)


# --- interface -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UPSTREAM)
def test_the_interface_is_that_of_upstream(name):
    config = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", reference(name)))
    assert UPSTREAM[name] == Interface(
        user=config.get("User") or "",
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        ports=frozenset(config.get("ExposedPorts") or ()),
        volumes=frozenset(config.get("Volumes") or ()),
        stop_signal=config.get("StopSignal") or "",
        directory=config.get("WorkingDir") or "",
    )


@pytest.mark.parametrize("name", USERS)
def test_the_user_has_upstreams_number(name):
    user, uid = USERS[name]
    ids = docker("run", "--rm", "--entrypoint", "sh", reference(name), "-c", f"id -u {user}; id -g {user}")
    assert ids.split() == [str(uid), str(uid)]


def test_the_environment_of_postgres_is_upstreams():
    environment = json.loads(docker("image", "inspect", "--format", "{{json .Config.Env}}", reference("postgres")))
    assert {"PGDATA=/var/lib/postgresql/data", "PG_MAJOR=15", "LANG=en_US.utf8"} <= set(environment)


def test_the_version_is_that_of_the_catalogues_tag():
    """A site with network then runs the same software. When Debian moves on, the tag has to follow."""
    versions = {
        "redis": docker("run", "--rm", reference("redis"), "redis-server", "--version").split("v=")[1].split()[0],
        "haproxy": docker("run", "--rm", reference("haproxy"), "-v").split()[2].partition("-")[0],
        "nginx": docker("run", "--rm", reference("nginx"), "sh", "-c", "nginx -v 2>&1").rpartition("/")[2],
        "node": docker("run", "--rm", reference("node"), "--version").removeprefix("v") + "-bookworm-slim",
        "python": docker("run", "--rm", reference("python"), "python", "--version").split()[1],
    }
    assert versions.pop("python").startswith(CATALOGUE["python"].tag.partition("-")[0] + ".")
    assert versions == {name: CATALOGUE[name].tag for name in versions}


# --- each does its work, hardened ----------------------------------------------------------------------------------


def test_redis_answers_other_containers_and_keeps_its_data(run, volume):
    options = [*HARDENED, "--user", "999:999", "--volume", f"{volume}:/data", reference("redis")]
    first = run(*options, "redis-server", "--appendonly", "yes")
    # Over the network, not loopback: that is what Debian's protected mode would refuse.
    ask = ("redis-cli", "-h", first.address)
    until(lambda: first.try_exec(*ask, "ping").stdout.strip() == "PONG", "PONG", first)
    assert first.exec(*ask, "set", "key", "kept") == "OK"
    assert first.exec("sh", "-c", "id -u; touch /x 2>&1 || true").startswith("999\ntouch: cannot touch '/x': Read-only")
    assert first.stop() == 0
    second = run(*options, "redis-server", "--appendonly", "yes")
    until(
        lambda: second.try_exec("redis-cli", "get", "key").stdout.strip() == "kept", "the key, after a restart", second
    )


def test_nginx_serves_and_renders_templates(run, tmp_path):
    (tmp_path / "site.conf.template").write_text(
        "server { listen 8080; location / { return 200 '${GREETING} $request_method'; } }\n"
    )
    tmp_path.chmod(0o755)
    plain = run(*HARDENED, reference("nginx"))
    rendered = run(
        *(*HARDENED, "--tmpfs", "/etc/nginx/conf.d:uid=101,gid=101,mode=0755", "--env", "GREETING=hello"),
        *("--volume", f"{tmp_path}:/etc/nginx/templates:ro", reference("nginx")),
    )
    status_code, page = fetch(plain)
    assert (status_code, "nginx is running" in page) == (200, True)
    assert fetch(plain, "/nothing")[0] == 404
    assert fetch(rendered) == (200, "hello GET")
    assert plain.exec("id", "-u") == "101"
    assert plain.stop() == 0


def test_haproxy_balances_and_stops_gracefully(run, tmp_path):
    (tmp_path / "haproxy.cfg").write_text(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 1s\n"
        "resolvers docker\n  parse-resolv-conf\n"
        "frontend site\n  bind :8080\n  http-request return status 200 content-type text/plain string fine\n"
        "backend discovered\n  server-template api 2 nobody:8000 check resolvers docker init-addr none init-state down\n"
    )
    tmp_path.chmod(0o755)
    edge = run(*HARDENED, "--volume", f"{tmp_path}:/usr/local/etc/haproxy:ro", reference("haproxy"))
    assert fetch(edge) == (200, "fine")
    assert edge.exec("id", "-u") == "99"
    version = edge.exec("haproxy", "-v").split()[2]
    assert tuple(int(part) for part in version.partition("-")[0].split(".")[:2]) >= (3, 2)
    assert edge.stop() == 0


def test_python_makes_virtual_environments():
    code = "import ssl, sqlite3, venv, ensurepip, ctypes, bz2, lzma, zlib; print('all there')"
    assert docker("run", "--rm", *HARDENED, reference("python"), "python", "-c", code) == "all there"
    make = "python -m venv /tmp/venv && /tmp/venv/bin/pip --version && pip --version"
    assert (
        docker("run", "--rm", "--tmpfs", "/tmp:exec", reference("python"), "sh", "-c", make).count("(python 3.11)") == 2
    )


def test_node_runs_scripts_and_npm():
    assert docker("run", "--rm", *HARDENED, reference("node"), "-e", "console.log(6 * 7)") == "42"
    assert docker("run", "--rm", *HARDENED, reference("node"), "npm", "--version")


# --- Postgres: the stand-in, and the application's image upon it ---------------------------------------------------

POSTGRES = [
    *(*HARDENED, "--user", "999:999", "--tmpfs", "/var/run/postgresql", "--shm-size", "64m"),
    *("--env", "POSTGRES_USER=admin", "--env", "POSTGRES_DB=kb", "--env", "POSTGRES_PASSWORD_FILE=/secret/password"),
    *("--env", "POSTGRES_INITDB_ARGS=--locale=C.UTF-8 --auth-local=scram-sha-256", "--env", "PGPASSWORD=the-password"),
]


@pytest.fixture
def start(run: Callable[..., Container], volume: str, tmp_path: Path) -> Callable[..., Container]:
    """Starts Postgres from an image on this test's volume, hardened, its password in a file."""
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "password").write_text("the-password\n")
    mounts = ["--volume", f"{folder}:/secret:ro", "--volume", f"{volume}:/var/lib/postgresql/data"]

    def start(image: str, *command: str, options: Sequence[str] = ()) -> Container:
        return run(*POSTGRES, *mounts, *options, image, *command)

    return start


@pytest.fixture(scope="module")
def application_image(built) -> Iterator[str]:
    name = "neurocoretest/postgres:stand-in"
    base = f"POSTGRES_IMAGE={reference('postgres')}"
    docker("build", "--quiet", "--tag", name, "--build-arg", base, str(ROOT / "app-images" / "postgres"))
    yield name
    docker("image", "rm", name)


def sql(container: Container, statement: str) -> str:
    """Over TCP with the password, as clients come."""
    connection = "host=127.0.0.1 user=admin dbname=kb"
    return container.exec("psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAt", "-c", statement, connection)


def until_it_serves(container: Container) -> None:
    ready = ("pg_isready", "--quiet", "--host", "127.0.0.1")  # the server that initialises listens on its socket only
    until(lambda: container.try_exec(*ready).returncode == 0, "Postgres to serve", container)


@pytest.mark.parametrize("which", ["stand-in", "application's"])
def test_postgres_initialises_and_has_vectors(start, application_image, which):
    image = reference("postgres") if which == "stand-in" else application_image
    postgres = start(image)
    until_it_serves(postgres)
    assert sql(postgres, "SHOW server_version").startswith("15.")
    assert sql(postgres, "SELECT datcollate FROM pg_database WHERE datname = 'kb'") == "C.UTF-8"
    sql(postgres, "CREATE EXTENSION vector; CREATE TABLE t (e vector(2)); INSERT INTO t VALUES ('[1,0]'), ('[0,1]')")
    sql(postgres, "CREATE INDEX ON t USING hnsw (e vector_cosine_ops)")
    assert sql(postgres, "SELECT e FROM t ORDER BY e <=> '[0.9,0.1]' LIMIT 1") == "[1,0]"
    assert postgres.exec("id", "-u") == "999"
    address = f"host={postgres.address} user=admin dbname=kb"  # not loopback, which initdb trusts unless told otherwise
    refused = postgres.try_exec("env", "PGPASSWORD=wrong", "psql", "-qAt", "-c", "SELECT 1", address)
    assert "password authentication failed" in refused.stderr
    assert postgres.stop() == 0


def test_postgres_wants_a_password_for_a_new_database(run):
    postgres = run(*HARDENED, "--user", "999:999", "--tmpfs", "/var/run/postgresql", reference("postgres"))
    assert postgres.ended() != 0
    assert "set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE" in postgres.log


def test_postgres_takes_sql_and_scripts_for_a_new_database(start, tmp_path):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "1.sql").write_text("CREATE TABLE made_by (what text);\n")
    (scripts / "2.sh").write_text("docker_process_sql <<< \"INSERT INTO made_by VALUES ('a sourced script')\"\n")
    postgres = start(reference("postgres"), options=["--volume", f"{scripts}:/docker-entrypoint-initdb.d:ro"])
    until_it_serves(postgres)
    assert sql(postgres, "SELECT what FROM made_by") == "a sourced script"


@pytest.mark.parametrize("moment", ["while initdb runs", "after the database was created"])
def test_a_database_killed_while_it_is_made_is_made_again(start, volume, tmp_path, application_image, moment):
    """SIGKILL, as from a power cut or the OOM killer, between "nothing there" and "all there"."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    if moment == "after the database was created":
        # Holds the initialisation where the database exists and its owner's scripts are half done.
        (scripts / "hold.sh").write_text("#!/bin/sh\nexec sleep 600\n")
        (scripts / "hold.sh").chmod(0o755)
    reached = "hold.sh" if moment == "after the database was created" else "running bootstrap script"

    killed = start(application_image, options=["--volume", f"{scripts}:/docker-entrypoint-initdb.d:ro"])
    until(lambda: reached in killed.log, "the moment to kill", killed)
    docker("kill", "--signal", "KILL", killed.name)
    left = docker("run", "--rm", "--volume", f"{volume}:/v", reference("postgres"), "ls", "-A", "/v").split()
    assert ".initialising" in left  # or the kill came too late to prove anything
    assert "pgdata" not in left

    again = start(application_image)
    until_it_serves(again)
    assert sql(again, "SELECT current_database()") == "kb"
    assert again.exec("ls", "-A", "/var/lib/postgresql/data").split() == [".lock", "pgdata"]

    # Once it is whole, a kill costs nothing.
    sql(again, "CREATE TABLE kept AS SELECT 42 AS answer")
    docker("kill", "--signal", "KILL", again.name)
    docker("start", again.name)
    until_it_serves(again)
    assert sql(again, "SELECT answer FROM kept") == "42"


def test_a_second_server_on_the_same_data_is_refused(start, application_image):
    first = start(application_image)
    until_it_serves(first)
    second = start(application_image)
    assert second.ended() == 1
    assert "Another container is running a server on /var/lib/postgresql/data" in second.log
    assert sql(first, "SELECT 1") == "1"


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        ("mkdir pgdata && echo 14 > pgdata/PG_VERSION", "holds data of PostgreSQL 14; this is PostgreSQL 15"),
        ("echo 16 > PG_VERSION", "holds data of PostgreSQL 16; this is PostgreSQL 15"),
        ("echo 15 > PG_VERSION", "has a data directory at its top"),
        ("mkdir pgdata && echo precious > pgdata/file", "is neither empty nor a data directory"),
        ("touch file && chown 0:0 . && chmod 0700 .", "The user 999:999 cannot write to /var/lib/postgresql/data"),
    ],
)
def test_data_that_is_not_its_own_is_refused_and_left_alone(start, volume, application_image, prepare, sentence):
    in_volume = ["run", "--rm", "--user", "0", "--volume", f"{volume}:/v", "--workdir", "/v", reference("postgres")]
    # The stand-in's directory has Postgres's owner; a volume first seen elsewhere doesn't.
    docker(*in_volume, "sh", "-c", f"chown 999:999 . && {prepare} && [ ! -d pgdata ] || chown -R 999:999 pgdata")
    listing = [*in_volume, "sh", "-c", "find . ! -name .lock -type f -exec grep -H . {} + || true"]
    before = docker(*listing)
    postgres = start(application_image)
    assert postgres.ended() == 1
    assert sentence in postgres.log
    assert "next:" in postgres.log
    assert docker(*listing) == before


def test_programs_of_the_image_run_without_a_database(application_image):
    assert docker("run", "--rm", *HARDENED, application_image, "postgres", "--version").startswith(
        "postgres (PostgreSQL) 15"
    )
    assert docker("run", "--rm", *HARDENED, application_image, "id", "-u") == "999"


def test_pgbackrest_is_new_enough_and_makes_a_backup_hardened(start, application_image):
    settings = {
        "STANZA": "main",
        "PG1_PATH": "/var/lib/postgresql/data/pgdata",
        "PG1_USER": "admin",
        "PG1_DATABASE": "kb",
        "REPO1_PATH": "/repository",
        "REPO1_CIPHER_TYPE": "aes-256-cbc",
        "REPO1_CIPHER_PASS": "not-a-secret",
        "COMPRESS_TYPE": "zst",
        "LOCK_PATH": "/tmp/pgbackrest",
        "LOG_LEVEL_FILE": "off",
        "START_FAST": "y",
    }
    environment = [word for key, value in settings.items() for word in ("--env", f"PGBACKREST_{key}={value}")]
    postgres = start(
        application_image,
        *("postgres", "-c", "archive_mode=on", "-c", "archive_command=pgbackrest archive-push %p"),
        options=[*environment, "--tmpfs", "/repository:uid=999,gid=999,mode=0700"],
    )
    until_it_serves(postgres)
    version = postgres.exec("pgbackrest", "version").split()[1]
    assert tuple(int(part) for part in version.split(".")[:2]) >= (2, 55)
    sql(postgres, "CREATE TABLE precious AS SELECT generate_series(1, 1000) AS n")
    postgres.exec("pgbackrest", "stanza-create")
    postgres.exec("pgbackrest", "backup")
    (stanza,) = json.loads(postgres.exec("pgbackrest", "info", "--output=json"))
    assert [backup["error"] for backup in stanza["backup"]] == [False]
    postgres.exec("pgbackrest", "--pg1-path=/tmp/restored", "restore", "--type=immediate")
    assert postgres.exec("cat", "/tmp/restored/PG_VERSION") == "15"


# --- the registry that serves them ---------------------------------------------------------------------------------


def test_the_registry_serves_the_catalogue_and_runs_hardened():
    answer = status()
    assert answer.running
    assert {f"{image.path}:{image.tag}" for image in CATALOGUE.values()} <= set(answer.images)
    for image in CATALOGUE.values():
        docker("pull", "--quiet", image.reference(STAND_IN_REGISTRY))
    form = "{{json .HostConfig}}"
    host = json.loads(docker("inspect", "--format", form, registry.CONTAINER))
    assert host["PortBindings"] == {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5001"}]}
    assert host["RestartPolicy"]["Name"] == "always"
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
    assert docker("inspect", "--format", "{{.Config.User}}", registry.CONTAINER).split(":")[0] != "0"


def test_a_second_time_nothing_is_built():
    def ids() -> list[str]:
        return docker("image", "inspect", "--format", "{{.Id}}", *(reference(name) for name in UPSTREAM)).split()

    said: list[str] = []
    before, started = ids(), docker("inspect", "--format", "{{.State.StartedAt}}", registry.CONTAINER)
    assert ensure(CATALOGUE, cache=default_cache(), report=said.append) == "127.0.0.1:5001"
    assert said == []
    assert ids() == before
    assert docker("inspect", "--format", "{{.State.StartedAt}}", registry.CONTAINER) == started


def test_a_stopped_registry_is_started_and_a_removed_one_made_again_without_building():
    for end in (["stop"], ["rm", "--force"]):
        docker(*end, registry.CONTAINER)
        assert not status().running
        said: list[str] = []
        ensure(CATALOGUE, cache=default_cache(), report=said.append)
        assert said == ["Starting the image registry on 127.0.0.1:5001"]
        assert status().running


def test_a_name_that_has_no_stand_in_is_refused():
    with pytest.raises(UserError, match="no stand-in for an image named 'grafana'"):
        ensure(["grafana"], cache=default_cache(), report=print)
