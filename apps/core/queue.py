"""The only door to Celery for services: a hint by task name, sent after the transaction commits."""

import mmap
import time
from collections.abc import Callable, Iterable

import structlog
from celery import Task, current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

SILENCE_SECONDS = 10.0
"""After a failed publish no other is tried for this long: uploads stay fast while the broker is away."""

_silent_until = 0.0  # monotonic clock of this process
_served: frozenset[str] = frozenset()
_stopping: mmap.mmap | None = None  # shared with the children of a worker's pool


def enqueue(task_name: str, *, queue: str, lost: Callable[[], object] | None = None, **ids: str) -> None:
    """Send the named task once the surrounding transaction commits; `lost` is called where it could not be sent.

    Raises KeyError for a name that no task has: a typo fails here, in the caller.
    """
    task = current_app.tasks[task_name]

    def send() -> None:
        if not _sent(task, ids, queue) and lost is not None:
            lost()

    transaction.on_commit(send)


def _sent(task: Task[..., object], ids: dict[str, str], queue: str) -> bool:
    """Send a message, unless the broker was found to be away a moment ago."""
    global _silent_until  # noqa: PLW0603 - one breaker per process
    if time.monotonic() < _silent_until:
        return False
    try:
        task.apply_async(kwargs=ids, queue=queue)
    except (OperationalError, RedisError, OSError, RuntimeError) as error:
        _silent_until = time.monotonic() + SILENCE_SECONDS
        log.warning("hint_not_sent", task=task.name, reason=type(error).__name__)
        return False
    return True


def serve(queues: Iterable[str]) -> None:
    """Note, in a worker that has no children yet, which queues it takes tasks from."""
    global _served, _stopping
    _served, _stopping = frozenset(queues), mmap.mmap(-1, 1)


def stop_serving() -> None:
    """Note, in a worker that was told to stop, that it takes no more tasks; its children hear of it."""
    if _stopping is not None:
        _stopping[0] = 1


def served() -> frozenset[str]:
    """Return the queues that this process's worker takes tasks from; none outside a worker and in one that stops."""
    return frozenset() if _stopping is None or _stopping[0] else _served
