"""The one way to touch a server: its Docker provider, scripts on it, and files on it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pulumi
import pulumi_command as command
import pulumi_docker as docker
import pulumi_docker_build as docker_build


class Host:
    """A machine that runs containers. This kind is ``local``: the Docker Engine of this machine.

    Args:
        docker_address: where the Docker Engine listens, such as ``unix:///var/run/docker.sock``.
        directory: folder on the host for files that containers mount; it is made on first use.
        root_image: an image with a POSIX shell, used to write files owned by a container's user when the
            caller isn't root.
    """

    def __init__(self, *, docker_address: str, directory: PurePosixPath, root_image: str) -> None:
        self.docker_address = docker_address
        self.directory = directory
        self._root_image = root_image
        # The engine is asked when the first resource needs it, so that a preview works without it.
        self._docker = docker.Provider("host", host=docker_address, disable_docker_daemon_check=True)
        self._docker_build = docker_build.Provider("host-build", host=docker_address)

    def options(self, **more: object) -> pulumi.ResourceOptions:
        """Resource options that put a component and its children on this host."""
        return pulumi.ResourceOptions(providers=[self._docker, self._docker_build], **more)

    def run(
        self,
        name: str,
        *,
        create: pulumi.Input[str],
        delete: pulumi.Input[str] | None = None,
        triggers: Sequence[pulumi.Input[str]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> command.local.Command:
        """Run a POSIX shell script on the host.

        ``create`` runs when the resource is made, when the script changes, and when a trigger changes;
        ``delete`` when the resource goes. Both must be safe to repeat. The script travels by standard input,
        so that nothing of it shows in process lists or error messages; a non-zero exit fails the update with
        what the script printed.
        """
        script = pulumi.Output.all(create=create, delete=delete).apply(_with_both_ends)
        return command.local.Command(
            name,
            create="sh -s create",
            delete="sh -s delete" if delete is not None else None,
            stdin=script,
            environment={"DOCKER_HOST": self.docker_address},
            triggers=list(triggers),
            opts=opts,
        )

    def files(
        self,
        name: str,
        files: Mapping[str, pulumi.Input[str]],
        *,
        check: pulumi.Input[str],
        apply: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> tuple[command.local.Command, str]:
        """A folder of configuration files for a container to mount; returns the resource and the folder.

        The files are written beside the folder first, and ``check`` (a script that finds them in ``$new``) must
        accept them; then each replaces its predecessor by a rename and ``apply`` makes the running container
        read them. The folder itself stays the same one, because a running container has it mounted.
        """
        folder = str(self.directory / "files" / name)
        create = pulumi.Output.all(files=dict(files), check=check).apply(
            lambda known: _install(folder, known["files"], known["check"], apply)
        )
        resource = self.run(f"{name}-files", create=create, delete=f"rm -rf {shlex.quote(folder)}", opts=opts)
        return resource, folder

    def secret_files(
        self,
        name: str,
        files: Mapping[str, pulumi.Input[str]],
        *,
        owner: int,
        key: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> tuple[command.local.Command, pulumi.Output[str]]:
        """A folder of secrets, each a file of mode 0400 owned by user id ``owner``; returns resource and folder.

        The folder is named by a hash of the content under ``key``: other content is another folder, hence
        another mount and a new container, while the old folder stays until the last container that mounts it
        has gone. Without the key the name tells nothing about the content.
        """
        folder = pulumi.Output.all(key=key, **files).apply(
            lambda parts: str(self.directory / "secrets" / f"{name}-{_keyed_hash(parts.pop('key'), parts)}")
        )
        # The name of the folder is no secret, though what it is computed from is.
        folder = pulumi.Output.unsecret(folder)
        contents = pulumi.Output.secret(pulumi.Output.all(**files))
        create = pulumi.Output.all(folder=folder, contents=contents).apply(
            lambda parts: self._as_root(_write_secrets(parts["folder"], parts["contents"], owner))
        )
        delete = folder.apply(lambda path: self._as_root(f"rm -rf {shlex.quote(path)}"))
        resource = self.run(f"{name}-secrets", create=create, delete=delete, triggers=[folder], opts=opts)
        return resource, folder

    def _as_root(self, script: str) -> str:
        """The script, run by root: directly where the caller is root, otherwise in a short-lived container."""
        directory = shlex.quote(str(self.directory))
        inner = _heredoc(script)
        return (
            f"mkdir -p {directory}\n"
            'if [ "$(id -u)" = 0 ]; then as_root="sh -s"\n'
            f"else as_root='docker run --rm --interactive --user 0:0 --network none --cap-drop ALL --cap-add CHOWN "
            f"--cap-add DAC_OVERRIDE --cap-add FOWNER --volume {directory}:{directory} --entrypoint sh "
            f"{shlex.quote(self._root_image)} -s'; fi\n"
            f"$as_root {inner}\n"
        )


def _with_both_ends(scripts: Mapping[str, str | None]) -> str:
    delete = scripts["delete"]
    parts = ["set -eu", "case $1 in", "create)", scripts["create"] or ":", ";;"]
    if delete is not None:
        parts += ["delete)", delete, ";;"]
    return "\n".join([*parts, "esac", ""])


def _heredoc(script: str) -> str:
    """A shell redirection that feeds ``script``, whatever it contains, to a command's standard input."""
    mark = "END_" + hashlib.sha256(script.encode()).hexdigest()[:16]
    return f"<<'{mark}'\nset -eu\n{script}\n{mark}"


def _write_file(path: str, content: str) -> str:
    encoded = base64.b64encode(content.encode()).decode()
    return f"base64 -d > {path} <<'END'\n{encoded}\nEND"


def _install(folder: str, contents: Mapping[str, str], check: str, apply: str) -> str:
    names = sorted(contents)
    listed = " ".join(shlex.quote(name) for name in names)
    return "\n".join(
        [
            f"folder={shlex.quote(folder)}",
            'new="$folder.new"',
            'rm -rf "$new"; mkdir -p "$new" "$folder"; chmod 0755 "$new" "$folder"',
            *(_write_file(f'"$new"/{shlex.quote(name)}', contents[name]) for name in names),
            'chmod 0644 "$new"/*',
            check,
            f'for file in {listed}; do mv -f "$new/$file" "$folder/$file"; done',
            'for file in "$folder"/*; do',
            f'  case " {listed} " in *" ${{file##*/}} "*) ;; *) rm -f "$file" ;; esac',
            "done",
            'rmdir "$new"',
            apply,
        ]
    )


def _write_secrets(folder: str, contents: Mapping[str, str], owner: int) -> str:
    return "\n".join(
        [
            "umask 077",
            f"folder={shlex.quote(folder)}",
            'new="$folder.new"',
            'rm -rf "$new"; mkdir -p "$new"',
            # The parents are walked through by nobody but root; containers get the folder itself mounted.
            *(_write_file(f'"$new"/{shlex.quote(name)}', contents[name]) for name in sorted(contents)),
            f'chown {owner}:{owner} "$new" "$new"/*; chmod 0400 "$new"/*; chmod 0500 "$new"',
            # A folder of this name holds the same content; renaming keeps it whole after a kill at any point.
            'if [ -d "$folder" ]; then rm -rf "$new"; else mv -T "$new" "$folder"; fi',
        ]
    )


def _keyed_hash(key: str, contents: Mapping[str, str]) -> str:
    digest = hmac.new(key.encode(), digestmod=hashlib.sha256)
    for name in sorted(contents):
        for part in (name, contents[name]):
            digest.update(len(part.encode()).to_bytes(8, "big") + part.encode())
    return digest.hexdigest()[:16]
