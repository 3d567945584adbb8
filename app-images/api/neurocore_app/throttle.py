"""Slows down guessing of passwords: so many failures from an address for an account, then a pause.

It counts in Redis and fails open: without Redis people can still log in.
"""

from __future__ import annotations

import hashlib

import redis
import structlog

from neurocore_app.redis_client import client

WINDOW_S = 900
FAILURES = 10

log = structlog.get_logger(__name__)


def _key(email: str, address: str) -> str:
    # Hashed: neither who tries nor from where is anybody's business in Redis.
    return "login-failures:" + hashlib.sha256(f"{email}\0{address}".encode()).hexdigest()[:32]


def retry_after(email: str, address: str) -> int:
    """Seconds until another try is allowed; 0 means now."""
    try:
        key = _key(email, address)
        failures = int(client().get(key) or 0)  # type: ignore[arg-type]
        return max(1, int(client().ttl(key))) if failures >= FAILURES else 0  # type: ignore[arg-type]
    except redis.RedisError as error:
        log.warning("login throttle is off: Redis does not answer", exc_info=error)
        return 0


def count_failure(email: str, address: str) -> None:
    """Count a wrong password; the window begins with the first."""
    try:
        key = _key(email, address)
        with client().pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, WINDOW_S, nx=True)
            pipeline.execute()
    except redis.RedisError as error:
        log.warning("login throttle is off: Redis does not answer", exc_info=error)
