"""Images: those taken from a registry, and those built from app-images."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pulumi_docker as docker
import pulumi_docker_build as docker_build


def upstream_image(name: str, reference: str, *, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """An image of the catalogue, pulled when the host lacks it; returns its id."""
    # The reference is part of the resource's name: a new tag is a new resource, so that the old image isn't
    # updated in place under the containers that still run it.
    short = hashlib.sha256(reference.encode()).hexdigest()[:7]
    image = docker.RemoteImage(f"{name}-image-{short}", name=reference, keep_locally=True, opts=opts)
    return image.image_id


def own_image(
    name: str,
    context: Path,
    *,
    build_args: Mapping[str, str],
    secrets: Mapping[str, str],
    tag: str,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """An image built on the host from a folder of app-images; returns its id.

    An unchanged folder gives the same id, so that nothing that runs it is touched. A preview builds nothing.

    Args:
        name: the resource's name.
        context: the folder with the Dockerfile.
        build_args: base images, by argument name.
        secrets: content of files that a build step may read, by secret id; they enter no layer.
        tag: name under which the host keeps the image.
        opts: options that place the build on a host.
    """
    image = docker_build.Image(
        name,
        context=docker_build.BuildContextArgs(location=str(context)),
        dockerfile=docker_build.DockerfileArgs(location=str(context / "Dockerfile")),
        build_args=dict(build_args),
        secrets={key: pulumi.Output.secret(value) for key, value in secrets.items()},
        tags=[tag],
        # The engine's own BuildKit: no builder container, no buildx plugin.
        builder=docker_build.BuilderConfigArgs(name="default"),
        load=True,
        push=False,
        build_on_preview=False,
        opts=opts,
    )
    return image.digest
