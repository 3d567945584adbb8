"""Package-index settings of this machine, for builds: as build secrets, so that they enter no image layer."""

from __future__ import annotations

import configparser
import io
from collections.abc import Mapping
from pathlib import Path

SYSTEM_PIP_CONF = Path("/etc/pip.conf")

# What a build needs to reach the index. Paths on this machine (cert, find-links) mean nothing inside a build:
# certificate authorities come with the base image.
PIP_OPTIONS = ("index-url", "extra-index-url", "trusted-host", "timeout", "proxy")


def build_secrets(environment: Mapping[str, str], home: Path | None = None) -> dict[str, str]:
    """Content of pip's and npm's configuration files, by secret id (``pip_conf``, ``npmrc``); absent if empty.

    Args:
        environment: variables of the caller; ``PIP_INDEX_URL`` and its like win over files.
        home: the caller's home folder.
    """
    home = home or Path.home()
    secrets = {}
    if pip := _pip_conf(environment, home):
        secrets["pip_conf"] = pip
    npmrc = Path(environment.get("NPM_CONFIG_USERCONFIG", home / ".npmrc"))
    if npmrc.is_file():
        secrets["npmrc"] = npmrc.read_text()
    return secrets


def _pip_conf(environment: Mapping[str, str], home: Path) -> str:
    places = [SYSTEM_PIP_CONF, home / ".config/pip/pip.conf", home / ".pip/pip.conf"]
    if own := environment.get("PIP_CONFIG_FILE"):
        places.append(Path(own))
    files = configparser.RawConfigParser()
    files.read(place for place in places if place.is_file())
    chosen = configparser.RawConfigParser()
    chosen.add_section("global")
    for option in PIP_OPTIONS:
        value = environment.get(f"PIP_{option.upper().replace('-', '_')}") or files.get("global", option, fallback="")
        if value:
            chosen.set("global", option, value)
    if not chosen.options("global"):
        return ""
    text = io.StringIO()
    chosen.write(text)
    return text.getvalue()
