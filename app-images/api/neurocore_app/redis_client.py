"""Redis, for what isn't the queue: the throttle and health."""

from __future__ import annotations

from functools import lru_cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from neurocore_app.settings import settings

# Nobody waits for Redis: what needs it goes on without it.
TIMEOUT_S = 0.5


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """This process's client."""
    config = settings()
    config.require("redis_host")
    return redis.Redis(
        host=config.redis_host,
        port=config.redis_port,
        password=config.secret("redis_password"),
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        socket_keepalive=True,
        # Once more over a fresh connection (Redis was restarted), without the library's seconds of back-off.
        retry=Retry(NoBackoff(), 1),
        health_check_interval=15,
        max_connections=20,
    )
