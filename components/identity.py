"""Names and labels: how everything of a stack is called and recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

PROJECT = "neurocore"


@dataclass(frozen=True)
class Identity:
    """Who a stack is.

    Attributes:
        stack: the stack's name.
        prefix: begins every name, such as ``neurocore_``.
        state_id: id of the Pulumi state that owns the stack's resources; a container that carries it but is
            unknown to the state is a left-over of an interrupted update.
    """

    stack: str
    prefix: str
    state_id: pulumi.Input[str]

    def name(self, service: str) -> str:
        """The stable name of a single, the network alias and the log label of any service."""
        return f"{self.prefix}{service}"

    def labels(self, service: str, instance: str = "") -> Mapping[str, pulumi.Input[str]]:
        labels: dict[str, pulumi.Input[str]] = {
            "neurocore.project": PROJECT,
            "neurocore.stack": self.stack,
            "neurocore.service": service,
            # What log queries call it: passed on with every line by the log driver.
            "neurocore.alias": self.name(service),
            "neurocore.state": self.state_id,
        }
        if instance:
            labels["neurocore.instance"] = instance
        return labels
