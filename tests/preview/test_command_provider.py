"""The command plugin: its own tests, and its promises through the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from offline.toolchain import go, recipe
from operate.working_copy import WorkingCopy

SECRET = "correct horse battery staple"
PROGRAM = """\
import pulumi
from pulumi_command import local
"""


@dataclass(frozen=True)
class Project:
    """A small Pulumi project with a state of its own."""

    folder: Path
    environment: dict[str, str]

    def write(self, program: str) -> None:
        (self.folder / "__main__.py").write_text(PROGRAM + program)

    def start(self, *words: str) -> subprocess.Popen:
        return subprocess.Popen(
            ["pulumi", *words, "--non-interactive", "--stack", "one"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        printed, _ = process.communicate(timeout=60)
        return process.returncode, printed

    def up(self, program: str) -> tuple[int, str]:
        self.write(program)
        return self.run("up", "--yes", "--skip-preview")

    @property
    def state(self) -> str:
        return (self.folder / "state/.pulumi/stacks/commands/one.json").read_text()

    def outputs(self) -> dict[str, object]:
        resources = json.loads(self.state)["checkpoint"]["latest"]["resources"]
        return next(r["outputs"] for r in resources if r["type"] == "command:local:Command")


@pytest.fixture
def project(tools, tmp_path) -> Project:
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: commands\nruntime: python\n")
    environment = {
        **os.environ,
        **tools.environment(),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase for nothing",
        "VIRTUAL_ENV": sys.prefix,
    }
    environment["PATH"] = f"{sys.prefix}/bin{os.pathsep}{environment['PATH']}"
    environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    made = Project(tmp_path, environment)
    code, printed = made.run("stack", "init")
    assert code == 0, printed
    return made


def test_the_plugins_own_tests(tools):
    if tools.source != "built":
        pytest.skip("the published command plugin is in use; ours isn't")
    compiler = go.ensure(WorkingCopy().cache, print)
    for words in (["vet"], ["test", "-count=1"]):
        done = subprocess.run(
            [compiler.path, *words, "-tags", "no_compose", "-trimpath", "./command/..."],
            cwd=recipe.SOURCE / "plugins",
            env=compiler.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_secret_is_nowhere_in_the_state_nor_in_what_is_shown(project):
    code, printed = project.up(f"""
secret = pulumi.Output.secret({SECRET!r})
local.Command("it", create='cat; echo "$WORD"; echo "$WORD" >&2', stdin=secret, environment={{"WORD": secret}})
""")
    assert code == 0, printed
    assert SECRET not in project.state
    assert {"stdin", "environment"} <= project.outputs().keys()
    assert SECRET not in printed


def test_a_failing_command_fails_the_update_with_its_output_and_runs_again(project):
    failing = f"""
secret = pulumi.Output.secret({SECRET!r})
migration = local.Command("migration", create='echo "relation exists: $WORD"; exit 3', environment={{"WORD": secret}})
local.Command("after", create="touch {project.folder}/after", opts=pulumi.ResourceOptions(depends_on=[migration]))
"""
    code, printed = project.up(failing)
    assert code != 0
    assert "relation exists" in printed
    assert "exit status 3" in printed
    assert SECRET not in printed
    assert not (project.folder / "after").exists(), "what depends on it was created"
    code, printed = project.up(failing.replace("exit 3", "exit 0"))
    assert code == 0, printed
    assert (project.folder / "after").exists()


def test_a_trigger_replaces_a_script_updates_and_destroy_deletes(project):
    log = project.folder / "log"

    def program(trigger: str, word: str) -> str:
        scripts = ", ".join(f'{what}="echo {what} {word} >> {log}"' for what in ("create", "update", "delete"))
        return f'local.Command("it", {scripts}, triggers=["{trigger}"])\n'

    def did(*words: str) -> list[str]:
        code, printed = project.run(*words)
        assert code == 0, printed
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    up = ("up", "--yes", "--skip-preview")
    project.write(program("1", "a"))
    assert did(*up) == ["create a"]
    assert did(*up) == []
    project.write(program("1", "b"))
    assert did(*up) == ["update b"]
    project.write(program("2", "c"))
    assert did(*up) == ["create c", "delete b"]
    assert did("destroy", "--yes", "--skip-preview") == ["delete c"]


@pytest.fixture
def pids(project) -> Iterator[Callable[[], list[int]]]:
    """The processes of the command in ``WAITING``, once they are all there."""
    found: list[int] = []

    def started() -> list[int]:
        eventually((project.folder / "started").exists, "the command started")
        found.extend(int(word) for word in (project.folder / "started").read_text().split())
        return found

    yield started
    for pid in filter(alive, found):
        os.kill(pid, signal.SIGKILL)


# A shell and its child, which write down who they are and wait.
WAITING = """
local.Command("it", create='sh -c "echo \\\\$\\\\$ > pids; exec sleep 600" & echo $$ >> pids; mv pids started; wait', dir={!r})
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_no_command_outlives_an_engine_that_is_stopped(project, pids, sign):
    project.write(WAITING.format(str(project.folder)))
    engine = project.start("up", "--yes", "--skip-preview")
    try:
        running = pids()
        assert running
        assert all(map(alive, running))
        engine.send_signal(sign)
        engine.wait(timeout=30)
        for pid in running:
            eventually(lambda pid=pid: not alive(pid), f"process {pid} of the command is gone")
    finally:
        engine.kill()
        engine.communicate()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool], what: str, within_s: float = 30) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"not within {within_s} s: {what}"
        time.sleep(0.05)
