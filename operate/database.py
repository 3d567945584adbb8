"""Whether the database takes the passwords that the stack knows."""

from __future__ import annotations

import subprocess
from typing import Any

# By the container's own name, not by loopback or socket: those ask for no password.
LOGIN = 'read -r PGPASSWORD && export PGPASSWORD && exec psql -w -h "$0" -U "$1" -d "$2" -Atqc "SELECT 1"'


def refused_roles(outputs: dict[str, Any], docker: str) -> list[str]:
    """Roles whose password in the database isn't the stack's: somebody changed it by hand.

    A server that can't be asked (stopped, starting) refuses nobody: the update itself deals with that.

    Args:
        outputs: of the stack, secrets in clear.
        docker: address of the Docker Engine.
    """
    database = outputs["database"]
    refused = []
    for role, secret in database["roles"].items():
        # The password goes by standard input: nothing shows it.
        asked = subprocess.run(
            [
                *("docker", "--host", docker, "exec", "--interactive", database["container"]),
                *("sh", "-c", LOGIN, database["container"], role, database["name"]),
            ],
            input=outputs["secrets"][secret] + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if "password authentication failed" in asked.stderr:
            refused.append(role)
    return refused
