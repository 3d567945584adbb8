"""Secrets that are generated once and live and die with the data they guard."""

from __future__ import annotations

import pulumi
import pulumi_random as random

# 32 characters of 62 are 190 bits. Letters and digits only: these pass through URLs, SQL and configuration
# files of programs with quoting rules of their own.
LENGTH = 32


def password(name: str) -> pulumi.Output[str]:
    """A generated password, kept encrypted in the state; protected like the data it opens."""
    made = random.RandomPassword(name, length=LENGTH, special=False, opts=pulumi.ResourceOptions(protect=True))
    return made.result
