"""Where a local stack's upstream images come from: their registries, a mirror, or stand-ins built here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import requests

from offline.images.build import ensure as build_stand_ins
from stacks.images import STAND_IN_REGISTRY
from stacks.settings import Settings

# Docker Hub's registry, which most of the catalogue lives in; it answers 401 to anyone.
PROBE = "https://registry-1.docker.io/v2/"
PROBE_TIMEOUT_S = 4

IMAGES = ("postgres", "redis", "haproxy", "python", "node", "nginx")


def upstream_reachable() -> bool:
    """Whether the upstream registries answer from this machine."""
    try:
        return requests.get(PROBE, timeout=PROBE_TIMEOUT_S).status_code in (200, 401)
    except requests.RequestException:
        return False


def ensure(settings: Settings, *, mode: str, cache: Path, report: Callable[[str], None]) -> str:
    """Make the upstream images available; returns the mirror to use (empty: the upstream registries).

    Args:
        settings: the stack's; a mirror named there is used as it is.
        mode: ``online``, ``offline`` or ``auto`` (whichever works).
        cache: where builds are kept.
        report: takes progress sentences.
    """
    mirror = settings.images.mirror
    if mirror and mirror != STAND_IN_REGISTRY:
        return mirror
    if not mirror and (mode == "online" or (mode == "auto" and upstream_reachable())):
        return ""
    if not mirror:
        report("No image registry can be reached: building stand-ins for the upstream images from packages")
    return build_stand_ins(IMAGES, cache=cache, report=report)
