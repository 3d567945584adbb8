"""Each declared container is there, runs, is healthy and is made of the declared image; no other one is there."""

from __future__ import annotations

from tests.deployed.verify.findings import comparing
from tests.deployed.verify.inspection import SERVICE_LABEL, STACK_LABEL, STATE_LABEL, Found, Inspection
from tests.deployed.verify.outputs import Instance, Stack


def test_runs_and_is_healthy(instance: Instance, inspection: Inspection, stack: Stack) -> None:
    container = inspection.containers.get(instance.name)
    logs = f"read `docker logs --tail 50 {instance.name}`, then {stack.repair}"
    with comparing(instance, next_step=logs) as check:
        if container is None:
            check.equal("missing", declared="running", found="no such container", next_step=stack.repair)
        elif not container.is_running:
            check.equal("state", declared="running", found=container.status)
        else:
            check.equal("Docker's health check", declared="healthy", found=container.health)


def test_restarts_by_itself(instance: Instance, found: Found, stack: Stack) -> None:
    policy = found.host_config["RestartPolicy"]["Name"]
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("restart policy", declared=instance.service.restart, found=policy)


def test_made_of_the_declared_image(instance: Instance, found: Found, stack: Stack) -> None:
    # A reference (repository@digest) is what the container was asked for; an id is what it was given.
    by_id = instance.image.startswith("sha256:")
    with comparing(instance, next_step=stack.repair) as check:
        check.equal("image", declared=instance.image, found=found.raw["Image"] if by_id else found.config["Image"])


def test_labelled_as_ours(instance: Instance, found: Found, inspection: Inspection, stack: Stack) -> None:
    declared = {STACK_LABEL: stack.stack, SERVICE_LABEL: instance.service_name}
    if stack.state_id:
        declared[STATE_LABEL] = stack.state_id
    with comparing(instance, next_step=stack.repair) as check:
        for label, value in declared.items():
            check.equal(f"label {label}", declared=value, found=found.labels.get(label))


def test_nothing_undeclared(inspection: Inspection, stack: Stack) -> None:
    with comparing(f"stack {stack.stack}", next_step="") as check:
        for container in inspection.undeclared:
            ours = container.labels.get(STATE_LABEL) in inspection.state_ids
            check.holds(
                False,
                f"container {container.name} isn't declared",
                declared=f"no container with the label {STACK_LABEL}={stack.stack} but those of the outputs",
                found=f"{container.name} ({container.status}), made {container.raw['Created'][:19]}Z",
                next_step=f"an interrupted update left it: {stack.repair}"
                if ours
                else f"find out who made it (`docker inspect {container.name}`), then `docker rm --force {container.name}`",
            )
