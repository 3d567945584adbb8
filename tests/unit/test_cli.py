"""What the command line says to mistakes: a sentence, never a traceback."""

import subprocess
import sys

import pytest

from operate.working_copy import ROOT


def operate(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "operate", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["up", "--stack", "nowhere"], "There is no stack 'nowhere'"),
        (["up", "--stack", "Bad Name"], "There is no stack 'Bad Name'"),
        (["up", "--source", "magic"], "is not one of"),
        (["upp"], "No such command"),
        (["logs"], "Missing argument"),
        (["test", "nonsense"], "There is no tier 'nonsense'"),
        (["status", "--stack", "nowhere"], "There is no stack 'nowhere'"),
    ],
)
def test_a_mistake_gets_a_sentence(words, sentence):
    said = operate(*words)
    assert said.returncode not in (0, None)
    assert sentence in said.stdout
    assert "Traceback" not in said.stdout


COMMANDS = ["up", "down", "status", "verify", "logs", "preview", "secret", "doctor", "test", "exec", "bench"]


def test_help_names_every_command():
    said = operate("--help").stdout
    assert [command for command in COMMANDS if f"  {command} " not in said] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    said = operate(command, "--help")
    assert said.returncode == 0 and "Usage:" in said.stdout


def test_the_exit_code_is_the_commands_own():
    """Of pytest, in this case: a red run must not end in green."""
    assert operate("test", "unit", "-k", "nothing_is_called_this").returncode == 5
