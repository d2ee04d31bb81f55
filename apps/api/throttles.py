"""How many requests a key may make in a minute: counted atomically in Redis, so for all processes together.

When Redis is away, requests pass: the limits protect us from accidents, they are not worth an outage.
"""

import math
import time
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import structlog
from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.api.authentication import key_of
from apps.api.errors import RateLimitedError

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it reads its defaults, this module among them, while it is imported

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 0.25
"""The longest that Redis may keep a request waiting, for connecting and for answering."""

SILENCE_SECONDS = 5.0
"""After a failure nobody asks Redis for this long, so that an outage does not slow every request."""


class RequestRate(BaseThrottle):
    """The limit for everything but uploads."""

    kind: ClassVar[str] = "requests"
    setting: ClassVar[str] = "REQUESTS_PER_MINUTE"

    def allow_request(self, request: Request, _view: "APIView") -> bool:
        """Count the request. Raises RateLimitedError with the seconds to wait."""
        limit: int = getattr(settings, self.setting)
        wait = _counter.take(kind=self.kind, key=str(key_of(request).pk), per_minute=limit)
        if wait:
            raise RateLimitedError(f"This key may send {limit} {self.kind} a minute.", retry_after=wait)
        return True


class UploadRate(RequestRate):
    """The limit for uploads, which are not counted among the other requests."""

    kind = "uploads"
    setting = "UPLOADS_PER_MINUTE"


class Counter:
    """Counts in Redis; remembers for a moment that Redis is away."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def take(self, *, kind: str, key: str, per_minute: int) -> int:
        """Count one more; returns 0, or the seconds after which the next will be let through."""
        if time.monotonic() < self._silent_until:
            return 0
        item = RateLimitItemPerMinute(per_minute, namespace="vox-rate")
        try:
            limiter = limiter_of(settings.REDIS_URL)
            if limiter.hit(item, kind, key):
                return 0
            return max(1, math.ceil(limiter.get_window_stats(item, kind, key).reset_time - time.time()))
        except RedisError as error:
            self._silent_until = time.monotonic() + SILENCE_SECONDS
            log.warning("rate_limits_off", reason=type(error).__name__, seconds=SILENCE_SECONDS)
            return 0


@lru_cache(maxsize=4)
def limiter_of(url: str) -> MovingWindowRateLimiter:
    """Return the process's limiter, with short timeouts and without repeats."""
    storage = RedisStorage(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # passed on to redis-py, which takes objects
    )
    return MovingWindowRateLimiter(storage)


_counter = Counter()
