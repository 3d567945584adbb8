"""Proof from outside that a running stack is what its outputs declare; `./neurocore verify` runs it.

    NEUROCORE_OUTPUTS=outputs.json python -m pytest -p tests.deployed.verify.report tests/deployed/verify

NEUROCORE_OUTPUTS names the file with the stack's outputs (`pulumi stack output --json --show-secrets`);
NEUROCORE_HOST says where its containers run, in testinfra's notation (`local://`, `ssh://user@host?ssh_config=...`).
Every fact about that host goes through testinfra, so the suite is the same over SSH. One file is one kind of check.
"""
