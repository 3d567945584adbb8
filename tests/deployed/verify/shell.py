"""Many short commands on the stack's host in one go: one connection over SSH, side by side on the host."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from testinfra.host import Host

# Commands that run at the same time: enough to hide Docker's latency, not so many that they slow each other down.
SIDE_BY_SIDE = 12
TIMED_OUT = 124  # the exit code of coreutils' timeout

_SCRIPT = """\
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
each() {{ timeout -k 2 {timeout_s} sh -c "$2" >"$results/$1.out" 2>&1 </dev/null; echo $? >"$results/$1.code"; }}
{starts}
wait
for i in {numbers}; do printf '%s %s\\n' "$(cat "$results/$i.code")" "$(base64 -w0 <"$results/$i.out")"; done
"""


@dataclass(frozen=True)
class Answer:
    """A command's exit code and what it said on both outputs."""

    code: int
    output: str

    def __str__(self) -> str:
        if self.code == TIMED_OUT:
            return "no answer in time"
        said = self.output.strip()[-300:]
        return f"exit code {self.code}" + (f": {said}" if said else "")


@dataclass(frozen=True)
class HttpAnswer:
    """The status of an HTTP answer (None if there was none) and the beginning of its body."""

    status: int | None
    body: str
    error: str = ""

    def __str__(self) -> str:
        return f"status {self.status}" if self.status else f"no answer ({self.error or 'connection failed'})"


def run_all(host: Host, commands: Mapping[str, str], *, timeout_s: int = 15) -> dict[str, Answer]:
    """Run shell commands on the host, each for at most ``timeout_s`` seconds; answers by the commands' keys."""
    answers: dict[str, Answer] = {}
    rest = iter(commands.items())
    while batch := dict(islice(rest, SIDE_BY_SIDE)):
        starts = [f"each {i} {shlex.quote(command)} &" for i, command in enumerate(batch.values())]
        script = _SCRIPT.format(
            timeout_s=timeout_s, starts="\n".join(starts), numbers=" ".join(str(i) for i in range(len(batch)))
        )
        lines = host.check_output(script).splitlines()
        for key, line in zip(batch, lines, strict=True):
            code, _, output = line.partition(" ")
            answers[key] = Answer(int(code), base64.b64decode(output).decode(errors="replace"))
    return answers


def in_container(name: str, *command: str) -> str:
    """The command line that runs a program in a running container, as the container's own user."""
    return shlex.join(["docker", "exec", name, *command])


def http_get(url: str) -> str:
    """The command line of a GET by the host itself; bash opens the connection, so the host needs no curl.

    Only the first 16 KiB of the answer are read.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise ValueError(f"{url}: only http:// can be asked from the host")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    talk = f'exec 3<>"/dev/tcp/{parts.hostname}/{parts.port or 80}" || exit 7; printf %s "$1" >&3; head -c 16384 <&3'
    return shlex.join(["bash", "-c", talk, "http-get", request])


def http_answer(answer: Answer) -> HttpAnswer:
    """Read the answer of a command made by ``http_get``."""
    head, _, body = answer.output.replace("\r\n", "\n").partition("\n\n")
    words = head.split(maxsplit=2)
    if answer.code != 0 or len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return HttpAnswer(None, "", str(answer))
    return HttpAnswer(int(words[1]), body)
