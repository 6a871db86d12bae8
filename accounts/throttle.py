"""Limits per person and per address (DESIGN §9), and the one reading of a request's address."""

import functools
import ipaddress
import logging
import math
import time

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

logger = logging.getLogger(__name__)
REST = 5.0  # seconds for which a Redis that failed is left alone
_rest = {"until": 0.0}
_memory = MovingWindowRateLimiter(MemoryStorage())


class TooMany(Exception):
    """A limit is used up; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def hit(name: str, who: object) -> None:
    """Count one use of the limit ``name`` (a key of ``settings.LIMITS``) by ``who``.

    Raises ``TooMany`` when it is used up. Without Redis every process counts for itself.
    """
    item, key = parse(settings.LIMITS[name]), str(who)
    if time.monotonic() >= _rest["until"]:
        try:
            _hit(MovingWindowRateLimiter(_shared_storage()), item, name, key)
            return
        except StorageError:
            _rest["until"] = time.monotonic() + REST
            logger.warning("limits_storage_unreachable")
    _hit(_memory, item, name, key)


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the client, or ``None`` when the connection names none.

    Only the entries that our own ``TRUSTED_PROXIES`` appended to X-Forwarded-For are believed;
    whatever a client wrote itself stands before them. A chain shorter than that is not ours.
    """
    candidate = request.META.get("REMOTE_ADDR", "")
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if settings.TRUSTED_PROXIES and len(chain) >= settings.TRUSTED_PROXIES:
        candidate = chain[-settings.TRUSTED_PROXIES] or candidate
    try:
        address = ipaddress.ip_address(candidate)
    except ValueError:
        return None
    # A socket of both families names IPv4 clients ::ffff:…, which would all share one count.
    return str(getattr(address, "ipv4_mapped", None) or address)


def forget_all() -> None:
    """Forget every count."""
    _rest["until"] = 0.0
    _memory.storage.reset()
    _shared_storage().reset()


def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, name: str, key: str) -> None:
    if limiter.hit(item, name, key):
        return
    reset = limiter.get_window_stats(item, name, key).reset_time
    raise TooMany(max(1, math.ceil(reset - time.time())))


@functools.cache
def _shared_storage() -> Storage:
    if not settings.REDIS_URL:
        return _memory.storage
    return storage_from_string(
        settings.REDIS_URL, wrap_exceptions=True, socket_timeout=0.5, socket_connect_timeout=0.5
    )
