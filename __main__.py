"""The Pulumi program: read the stack's settings, declare its environment."""

import json
from pathlib import Path

import pulumi

from stacks.environment import declare
from stacks.settings import SettingsError, load

NAMESPACE = f"{pulumi.get_project()}:"


def configuration() -> dict:
    """Every key of this project's namespace; structured values arrive as JSON."""
    values = pulumi.runtime.config.CONFIG.get() or pulumi.runtime.config.get_config_env()
    return {key.removeprefix(NAMESPACE): _decoded(value) for key, value in values.items() if key.startswith(NAMESPACE)}


def _decoded(value: str) -> object:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


try:
    settings = load(pulumi.get_stack(), configuration())
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None
declare(settings, Path(__file__).parent.resolve())
