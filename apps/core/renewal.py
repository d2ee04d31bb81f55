"""Something to be done every few seconds for as long as some work goes on: heartbeats of leases.

One thread of the process serves all; a thread for each piece of work would take longer to start than much of the work
takes.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
from django.db import connection

log = structlog.get_logger(__name__)

Renew = Callable[[], bool]
"""Returns False once there is nothing to renew any more."""


@dataclass(eq=False, slots=True)
class _Beat:
    renew: Renew
    seconds: float
    due: float
    """On the monotonic clock."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while it is renewed, so that whoever ends the work knows that no renewal comes after."""
    is_over: bool = False


@contextmanager
def renewed(renew: Renew, *, seconds: float) -> Iterator[None]:
    """Call `renew` every so many seconds, from another thread, until it returns False or the block ends.

    The thread's connection to the database is closed after each call: it would only idle.
    """
    beat = _Beat(renew, seconds, time.monotonic() + seconds)
    _heart.add(beat)
    try:
        yield
    finally:
        with beat.lock:
            beat.is_over = True
        _heart.remove(beat)


class _Heart:
    """The thread and what it has to do."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._beats: set[_Beat] = set()
        self._thread: threading.Thread | None = None
        self._wakes_at = 0.0

    def add(self, beat: _Beat) -> None:
        with self._changed:
            self._beats.add(beat)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="renewal", daemon=True)
                self._thread.start()
            elif beat.due < self._wakes_at:
                self._changed.notify()

    def remove(self, beat: _Beat) -> None:
        with self._changed:
            self._beats.discard(beat)

    def _run(self) -> None:
        while True:
            beat = self._next()
            with beat.lock:
                if beat.is_over or not self._renew(beat):
                    self.remove(beat)
                    continue
            beat.due = time.monotonic() + beat.seconds

    def _next(self) -> _Beat:
        """Wait for a beat that is due."""
        with self._changed:
            while True:
                first = min(self._beats, key=lambda beat: beat.due, default=None)
                now = time.monotonic()
                if first is not None and first.due <= now:
                    return first
                self._wakes_at = float("inf") if first is None else first.due
                self._changed.wait(None if first is None else first.due - now)

    @staticmethod
    def _renew(beat: _Beat) -> bool:
        try:
            return beat.renew()
        except Exception:
            log.exception("renewal_failed")
            return True
        finally:
            connection.close()


_heart = _Heart()


def _after_fork() -> None:
    """A forked child has no thread and no work yet."""
    global _heart  # noqa: PLW0603 - one per process
    _heart = _Heart()


os.register_at_fork(after_in_child=_after_fork)
