"""A Redis cache that the portal can lose: sign-in and limits go on without it."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class SteadyRedisCache(BaseCache):
    """Django's Redis cache behind a breaker.

    After an error Redis is left alone for ``REST`` seconds and each process counts in its own
    memory: limits become looser by the number of processes, nothing answers 500.
    """

    REST = 5.0
    TIMEOUT = 0.5
    MAX_ENTRIES = 100_000  # of the memory: a flood of names must not push counts out

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = {"socket_timeout": self.TIMEOUT, "socket_connect_timeout": self.TIMEOUT}
        redis_params = {**params, "OPTIONS": {**params.get("OPTIONS", {}), **options}}
        self._redis = RedisCache(location, redis_params)
        memory_params = {**params, "max_entries": self.MAX_ENTRIES}
        self._memory = LocMemCache("steady-redis-fallback", memory_params)
        self._rest_until = 0.0

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        return self._call("add", key, value, *args, **kwargs)

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._call("get", key, *args, **kwargs)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        self._call("set", key, value, *args, **kwargs)

    def touch(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return self._call("touch", key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return self._call("delete", key, *args, **kwargs)

    def has_key(self, key: str, *args: Any, **kwargs: Any) -> bool:
        return self._call("has_key", key, *args, **kwargs)

    def clear(self) -> None:
        self._memory.clear()
        self._call("clear")

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._rest_until:
            try:
                return getattr(self._redis, name)(*args, **kwargs)
            except (RedisError, OSError):
                self._rest_until = time.monotonic() + self.REST
                logger.warning("cache_unreachable")
        fallback: Callable[..., Any] = getattr(self._memory, name)
        return fallback(*args, **kwargs)
