"""The settings of a stack: defaults, and every kind of bad input with its sentence."""

import pytest
import yaml

from stacks.reference import ROOT, configuration_md, pulumi_yaml
from stacks.settings import NEIGHBOUR_PORTS, SECTIONS, SettingsError, load


def refused(config: dict, stack: str = "local") -> str:
    with pytest.raises(SettingsError) as caught:
        load(stack, config)
    return str(caught.value)


def test_defaults_are_valid_and_free_of_neighbours():
    settings = load("local", {})
    assert settings.prefix == "neurocore_"
    assert settings.ports.on_host("api") == 8002
    assert not set(settings.ports.model_dump().values()) & set(NEIGHBOUR_PORTS)


def test_other_stacks_have_their_own_names_and_an_offset_moves_every_port():
    settings = load("test", {"ports": {"offset": 20000}})
    assert settings.prefix == "neurocoretest_"
    assert settings.ports.on_host("site") == 20080


def test_a_limit_that_is_left_out_keeps_its_default():
    settings = load("local", {"limits": {"worker": {"memory_mb": 1536}}})
    assert (settings.limits.worker.memory_mb, settings.limits.worker.cpus, settings.limits.worker.pids) == (
        1536,
        1.0,
        256,
    )
    assert settings.limits.postgres.memory_mb == 2048


def test_everything_wrong_is_said_at_once():
    said = refused(
        {
            "portz": {},
            "ports": {"redis": "a", "x": 3},
            "limits": {"worker": {"memory_mb": 1, "zz": 3}},
            "edge": {"bind": "somewhere"},
        }
    )
    for key in ("portz", "ports.redis", "ports.x", "limits.worker.memory_mb", "limits.worker.zz", "edge.bind"):
        assert f"neurocore:{key}" in said
    assert "7 problems" not in said and "6 problems" in said


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"ports": {"api": 5432}}, "belongs to the system's PostgreSQL"),
        ({"ports": {"api": 5133, "offset": 300}}, "belongs to the DCS project's PostgreSQL"),
        ({"ports": {"api": 3002}}, "give each its own"),
        ({"ports": {"api": 60000, "offset": 20000}}, "ports end at 65535"),
        ({"ports": {"api": 0}}, "greater than or equal to 1"),
        ({"ports": {"api": "8002"}}, "valid integer"),
        ({"ports": 3}, "valid dictionary"),
        ({"images": {"mirror": "https://registry.example"}}, "neurocore:images.mirror"),
        ({"images": {"mirrors": ""}}, "there is no such key; there are mirror"),
        ({"app": {"registration": "maybe"}}, "'open' or 'closed'"),
        ({"app": {"api_processes": 30}}, "database connections are needed"),
        ({"ai": {"external": "yes"}}, "valid boolean"),
        ({"ai": {"external": True}}, "no external AI service"),
        ({"replicas": {"api": 0}}, "greater than or equal to 1"),
        ({"limits": {"nope": {}}}, "there is no such key; there are api, edge"),
        ({"host": {"prefix": "Bad"}}, "neurocore:host.prefix"),
    ],
)
def test_bad_input_names_key_and_rule(config, sentence):
    assert sentence in refused(config)


@pytest.mark.parametrize("stack", ["", "Local", "a b", "x" * 40, "-a"])
def test_bad_stack_names(stack):
    assert "a stack's name is" in refused({}, stack)


def test_the_machine_must_hold_two_generations():
    settings = load("local", {})
    with pytest.raises(SettingsError) as caught:
        settings.require_capacity(memory_mb=4096, cpus=2)
    assert "8320 MiB are claimed during a release" in str(caught.value)
    assert "api" in str(caught.value) and "3072 MiB" in str(caught.value)
    settings.require_capacity(memory_mb=16384, cpus=2)


def test_a_limit_above_the_machines_processors():
    with pytest.raises(SettingsError, match="this machine has 2 processors"):
        load("local", {"limits": {"api": {"cpus": 3}}}).require_capacity(memory_mb=64000, cpus=2)


def test_pulumi_yaml_and_the_reference_page_say_what_the_settings_say():
    assert (ROOT / "Pulumi.yaml").read_text() == pulumi_yaml((ROOT / "Pulumi.yaml").read_text())
    assert (ROOT / "docs" / "configuration.md").read_text() == configuration_md()
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert set(declared) == {f"neurocore:{name}" for name in SECTIONS}


def test_the_defaults_in_pulumi_yaml_load():
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    config = {key.removeprefix("neurocore:"): value["default"] for key, value in declared.items()}
    assert load("local", config) == load("local", {})
