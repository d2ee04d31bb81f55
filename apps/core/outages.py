"""Writes that are worth waiting for a database that restarts: what took minutes or money must not be lost to that."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

from apps.core.errors import TransientError

log = structlog.get_logger(__name__)

Written = TypeVar("Written")

PAUSES_SECONDS = (0.2, 1.0, 3.0, 9.0)

DATABASE_ERRORS = (OperationalError, InterfaceError)
"""What a database that is away raises; also a deadlock, which a repeat resolves."""


class DatabaseUnavailableError(TransientError):
    """Said to clients at once; a stage that meets it is tried again by itself."""

    code = "database_unavailable"
    title = "The database is not available"


def persist(write: Callable[[], Written]) -> Written:
    """Write, and repeat it on a new connection while the database is away, for some seconds.

    `write` is a transaction of its own. It may have been committed although the answer was lost, so that doing it twice
    must be harmless. Raises what the last try raised.
    """
    for pause in PAUSES_SECONDS:
        try:
            return write()
        except DATABASE_ERRORS as error:
            if connection.in_atomic_block:
                raise
            log.warning("write_repeated", reason=type(error).__name__, pause_seconds=pause)
            connection.close()
            time.sleep(pause)
    return write()
