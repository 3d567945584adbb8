"""Every plugin in use offers what its pinned Python SDK expects: the same tokens, properties, types and requirements."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from operate import toolchain
from tests.preview import plugin_surface

PLUGINS = tomllib.loads(toolchain.PINS.read_text())["plugins"]

# Reading an SDK touches its deprecated members too.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# Where the plugins built in offline/toolchain differ from their SDKs: a pattern for facts that only the SDK has, and why.
LISTED = {
    "docker": {
        r"resource docker:index/image:Image\b.*": "the legacy image resource is Pulumi's own Go code, not the Terraform "
        "provider's, and its module isn't served; docker-build builds our images",
        r"type (DockerBuild|CacheFrom|Registry) input .*|enum BuilderVersion .*": "only the legacy image resource uses them",
    },
    "command": {
        r"resource command:remote:.*": "servers are reached by OpenSSH from local commands: one transport for everything",
        r"type (Proxy)?Connection .*": "only remote resources use them",
        r".* (input|output|argument|result) (asset|archive)Paths\b.*": "no command hands files back to the program",
        r".* (output|result) (assets|archive)\b.*": "no command hands files back to the program",
    },
}


@pytest.fixture(scope="module")
def schemas(tools) -> dict[str, dict]:
    """What each plugin says of itself, through the engine."""
    return {name: schema(tools, name) for name in PLUGINS}


def schema(tools: toolchain.Toolchain, plugin: str) -> dict:
    return json.loads(
        subprocess.run(
            [tools.pulumi, "package", "get-schema", f"{plugin}@{PLUGINS[plugin]}"],
            env={**os.environ, **tools.environment()},
            cwd=Path("/"),  # not in the project, whose packages it would read
            capture_output=True,
            check=True,
        ).stdout
    )


def sdk(plugin: str) -> str:
    return f"pulumi_{plugin.replace('-', '_')}"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_offers_what_its_sdk_expects(plugin, tools, schemas):
    offered, expected = plugin_surface.of_schema(schemas[plugin]), plugin_surface.of_sdk(sdk(plugin))
    assert len(expected) > 20, "the SDK was not read"
    listed = LISTED.get(plugin, {}) if tools.source == "built" else {}
    missing = expected - offered
    unlisted = {fact for fact in missing if not any(re.fullmatch(pattern, fact) for pattern in listed)}
    assert not unlisted, "only in the SDK"
    assert not offered - expected, "only in the plugin"
    gone = [pattern for pattern in listed if not any(re.fullmatch(pattern, fact) for fact in missing)]
    assert not gone, "listed as a difference, but there is none"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_has_the_version_its_sdk_asks_for(plugin, tools):
    program = tools.home / "plugins" / f"resource-{plugin}-v{PLUGINS[plugin]}" / f"pulumi-resource-{plugin}"
    # Started without an engine, a plugin prints its port and waits to be asked.
    with subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                info = ResourceProviderStub(channel).GetPluginInfo(Empty(), timeout=10)
        finally:
            process.kill()
    assert info.version.removeprefix("v") == PLUGINS[plugin] == version(sdk(plugin).replace("_", "-"))


def test_the_comparison_notices_a_lost_property_a_changed_type_and_a_new_requirement(schemas):
    text = json.dumps(schemas["random"])
    expected = plugin_surface.of_sdk(sdk("random"))
    where = "resource random:index/randomPassword:RandomPassword input"

    def compared(change) -> tuple[set[str], set[str]]:
        changed = json.loads(text)
        change(changed["resources"]["random:index/randomPassword:RandomPassword"])
        offered = plugin_surface.of_schema(changed)
        return expected - offered, offered - expected

    assert compared(lambda r: None) == (set(), set())
    assert compared(lambda r: r["inputProperties"].pop("minLower")) == ({f"{where} minLower: integer"}, set())
    assert compared(lambda r: r["inputProperties"]["minLower"].update(type="string")) == (
        {f"{where} minLower: integer"},
        {f"{where} minLower: string"},
    )
    assert compared(lambda r: r["requiredInputs"].append("minLower")) == (
        {f"{where} minLower: integer"},
        {f"{where} minLower: integer, required"},
    )
    assert compared(lambda r: r["requiredInputs"].clear()) == (
        {f"{where} length: integer, required"},
        {f"{where} length: integer"},
    )
