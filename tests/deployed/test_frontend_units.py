"""The frontend's own tests and type check, in the image that builds it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from operate.pulumi_stack import settings_of
from operate.working_copy import ROOT, WorkingCopy
from stacks.images import load_catalogue

SCRIPT = """
cp -r /source /tmp/frontend && cd /tmp/frontend && rm -rf node_modules dist
npm ci --no-audit --no-fund && npm run typecheck && npm run test
"""


def test_typecheck_and_units(local_stack):
    mirror = settings_of(WorkingCopy(), "local").images.mirror
    command = ["docker", "run", "--rm", "--volume", f"{ROOT / 'app-images' / 'frontend'}:/source:ro"]
    npmrc = Path(os.environ.get("NPM_CONFIG_USERCONFIG", Path.home() / ".npmrc"))
    if npmrc.is_file():
        command += ["--volume", f"{npmrc}:/root/.npmrc:ro"]
    # Certificate authorities of this network, which the base image carries.
    command += ["--env", "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"]
    command += [load_catalogue()["node"].reference(mirror or None), "sh", "-euc", SCRIPT]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
