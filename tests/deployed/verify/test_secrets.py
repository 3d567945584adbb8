"""No secret shows where people and programs look: inspection, process list, environment, logs.

The values are compared here and never become part of a command on the host: they would show in its process list.
"""

from __future__ import annotations

import json
import re
import shlex

import pytest
from testinfra.host import Host

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import Found, Inspection
from tests.deployed.verify.outputs import Instance, Stack
from tests.deployed.verify.shell import Answer, in_container, run_all

# A secret is found in logs by its longest run of letters and digits, so that only such runs travel from the host.
# Shorter ones would be found everywhere.
SHORTEST_RUN = 8

SECRETS_FOLDER = "/run/secrets"

ROTATE = "take the place that shows it as read by others: change the secret and find out how it came there"

# Prints the environment of every process that the container's user can look into, and names those it couldn't.
# A process that Docker is just putting into the container (a health check) hides until its program begins: such
# ones are asked again, for two seconds. One that has ended meanwhile is none.
PRINT_ENVIRONMENTS = """\
for process in /proc/[0-9]*; do
  tries=20
  until tr "\\0" "\\n" 2>/dev/null <"$process/environ" || [ ! -d "$process" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then echo "UNREADABLE $process"; break; fi
    sleep 0.1
  done
done
"""


def test_not_in_docker_inspect(inspection: Inspection, stack: Stack) -> None:
    with comparing(f"stack {stack.stack}", next_step=ROTATE) as check:
        for container in inspection.containers.values():
            shown = _shown(stack, container.text)
            check.equal(f"secrets in `docker inspect {container.name}`", declared=[], found=shown)


@pytest.fixture(scope="module")
def process_lists(host: Host, inspection: Inspection) -> dict[str, Answer]:
    """Docker's process list of every running container of the stack, declared or not."""
    running = [container.name for container in inspection.running]
    return run_all(host, {name: shlex.join(["docker", "top", name, "-ww", "-eo", "pid,args"]) for name in running})


def test_not_in_process_lists(process_lists: dict[str, Answer], stack: Stack) -> None:
    with comparing(f"stack {stack.stack}", next_step=ROTATE) as check:
        for name, answer in process_lists.items():
            check.holds(answer.code == 0, f"`docker top {name}`", declared="a process list", found=answer)
            check.equal(f"secrets in `docker top {name}`", declared=[], found=_shown(stack, answer.output))


@pytest.fixture(scope="module")
def environments(host: Host, inspection: Inspection, stack: Stack) -> dict[str, Answer]:
    """The environment of the processes of every declared container that runs."""
    running = {container.name for container in inspection.running} & inspection.declared_names
    return run_all(host, {name: in_container(name, "sh", "-c", PRINT_ENVIRONMENTS) for name in sorted(running)})


def test_not_in_environments(instance: Instance, running: Found, environments: dict[str, Answer], stack: Stack) -> None:
    answer = environments[instance.name]
    unreadable = re.findall(r"^UNREADABLE /proc/(\d+)$", answer.output, re.MULTILINE)
    with comparing(instance, next_step=ROTATE) as check:
        check.holds(answer.code == 0, "reading the environment of its processes", declared="possible", found=answer)
        check.equal("processes that hide their environment from their own user", declared=[], found=unreadable)
        shown = _shown(stack, answer.output)
        check.equal("secrets in the environment of its processes", declared=[], found=shown)


@pytest.fixture(scope="module")
def logged_runs(host: Host, inspection: Inspection, stack: Stack) -> dict[str, Answer]:
    """The long runs of letters and digits in the whole log of every container of the stack."""
    shortest = max(SHORTEST_RUN, min((len(run) for run in _longest_runs(stack).values()), default=SHORTEST_RUN))
    find = "docker logs {name} 2>&1 | LC_ALL=C grep -aoE '[A-Za-z0-9]{{{shortest},}}' | LC_ALL=C sort -u"
    names = [shlex.quote(name) for name in inspection.containers]
    return run_all(host, {name: find.format(name=name, shortest=shortest) for name in names}, timeout_s=60)


def test_not_in_logs(logged_runs: dict[str, Answer], stack: Stack) -> None:
    with comparing(f"stack {stack.stack}", next_step=ROTATE) as check:
        for secret, run in _longest_runs(stack).items():
            check.holds(
                len(run) >= SHORTEST_RUN,
                f"secret {secret}",
                declared=f"{SHORTEST_RUN} letters or digits in a row, by which it would be recognised",
                found=f"at most {len(run)}",
                next_step=f"set a longer one: `./neurocore secret {secret} --help`",
            )
        for name, answer in logged_runs.items():
            check.holds(answer.code == 0, f"`docker logs {name}`", declared="readable", found=answer)
            shown = [s for s, run in _longest_runs(stack).items() if len(run) >= SHORTEST_RUN and run in answer.output]
            check.equal(f"secrets in `docker logs {name}`", declared=[], found=shown)


@pytest.fixture(scope="module")
def secret_files(host: Host, inspection: Inspection, stack: Stack) -> dict[str, Answer]:
    """Name, mode, owner and group of the secret files in each container that has some."""
    running = {container.name for container in inspection.running}
    listing = f"cd {SECRETS_FOLDER} && stat --format '%n %a %u %g' -- *"
    return run_all(
        host,
        {
            instance.name: in_container(instance.name, "sh", "-c", listing)
            for instance in stack.instances()
            if instance.service.secrets and instance.name in running
        },
    )


def test_files_are_the_users_own(
    instance: Instance, secrets: tuple[str, ...], running: Found, secret_files: dict[str, Answer], stack: Stack
) -> None:
    answer = secret_files[instance.name]
    user, _, group = instance.service.user.partition(":")
    declared = {f"{name} mode 400 owner {user}:{group or user}" for name in secrets}
    with comparing(instance, next_step=stack.repair) as check:
        check.holds(answer.code == 0, f"listing {SECRETS_FOLDER}", declared="possible", found=answer)
        listed = [line.rsplit(" ", 3) for line in answer.output.splitlines()] if answer.code == 0 else []
        found = {f"{name} mode {mode} owner {owner}:{of_group}" for name, mode, owner, of_group in listed}
        check.equal(f"files in {SECRETS_FOLDER}", declared=declared, found=found)


def _shown(stack: Stack, text: str) -> list[str]:
    """The names of the secrets whose values are in a text, plain or as JSON writes them."""
    return [
        name
        for name, value in stack.known_secrets.items()
        if value in text or json.dumps(value, ensure_ascii=False)[1:-1] in text
    ]


def _longest_runs(stack: Stack) -> dict[str, str]:
    """The longest run of letters and digits in each secret."""
    return {
        name: max(re.findall(r"[A-Za-z0-9]+", value), key=len, default="")
        for name, value in stack.known_secrets.items()
    }
