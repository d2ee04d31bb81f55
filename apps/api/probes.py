"""Is the process alive, and can it serve? Answers for load balancers, without details that help strangers."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerError
from functools import cache

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.core import storage

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2.0
"""A part that needs longer counts as failed."""


@never_cache
def livez(_request: HttpRequest) -> JsonResponse:
    """The process answers: nothing else is looked at, so that an outage elsewhere restarts nobody."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Every server that we need answers."""
    running = {name: _executor(name).submit(check) for name, check in CHECKS.items()}
    parts = {name: "ok" if _succeeds(name, future) else "fail" for name, future in running.items()}
    is_ready = set(parts.values()) == {"ok"}
    body = {"status": "ok" if is_ready else "fail", "parts": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def _succeeds(name: str, future: Future[None]) -> bool:
    try:
        future.result(timeout=PATIENCE_SECONDS)
    except NoAnswerError:
        future.cancel()
        log.warning("part_not_ready", part=name, reason="no answer in time")
    except Exception as error:  # noqa: BLE001 - whatever it is, the part is not ready
        log.warning("part_not_ready", part=name, reason=type(error).__name__)
    else:
        return True
    return False


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def _redis() -> None:
    with Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as redis:
        redis.ping()


def _storage() -> None:
    storage.client().head_bucket(Bucket=storage.bucket())


CHECKS: Mapping[str, Callable[[], None]] = {"database": _database, "redis": _redis, "storage": _storage}


@cache
def _executor(name: str) -> ThreadPoolExecutor:
    """Return the one thread of a part: a part that hangs keeps nobody but itself waiting."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"probe-{name}")
