"""A place for data that outlives containers."""

from __future__ import annotations

import pulumi
import pulumi_docker as docker

from components.identity import Identity


def volume(service: str, *, identity: Identity, opts: pulumi.ResourceOptions) -> docker.Volume:
    """The volume ``<prefix><service>_data``, protected: no update and no plain destroy removes it."""
    # Labels of a volume can't change without replacing it, and with it the data: it keeps those it was made with.
    name = f"{identity.name(service)}_data"
    return docker.Volume(
        name,
        name=name,
        labels=[docker.VolumeLabelArgs(label=k, value=v) for k, v in identity.labels(service).items()],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True, ignore_changes=["labels"])),
    )
