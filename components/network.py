"""A network of a stack's containers."""

from __future__ import annotations

import pulumi
import pulumi_docker as docker

from components.identity import Identity


def network(service: str, *, identity: Identity, opts: pulumi.ResourceOptions) -> docker.Network:
    """A bridge network on which containers find each other by alias."""
    name = identity.name(service)
    return docker.Network(
        name,
        name=name,
        driver="bridge",
        labels=[docker.NetworkLabelArgs(label=k, value=v) for k, v in identity.labels(service).items()],
        # Labels of a network can't change without replacing it under its containers.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["labels"])),
    )
