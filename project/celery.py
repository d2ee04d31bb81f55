"""The Celery application. Web processes, workers, beat and Flower all use this one."""

import gc
import os
import signal
from functools import partial
from typing import Any

from celery import Celery
from celery.signals import (
    setup_logging,
    task_prerun,
    worker_before_create_process,
    worker_init,
    worker_process_init,
    worker_ready,
)
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections
from django_structlog.celery.steps import DjangoStructLogInitStep

from apps.core import queue
from apps.core.process import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("voxpersona")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_django_logging(**_signal: object) -> None:
    """Django's LOGGING is the only configuration of logs."""


@task_prerun.connect
def look_after_connections(**_signal: object) -> None:
    """Treat connections to the database as a web request does: the broken and the old ones go, the others stay.

    They are not tried out first: a claim repeats itself on a new connection, and periodic tasks come again.
    """
    close_old_connections()


@worker_init.connect
def note_queues(sender: Any, **_signal: object) -> None:  # noqa: ANN401 - Celery's WorkController has no types
    """Let the children know what they may go on with without being sent a message."""
    queue.serve(sender.app.amqp.queues.consume_from)
    connections.settings[DEFAULT_DB_ALIAS]["CONN_HEALTH_CHECKS"] = False


@worker_ready.connect
def note_stop(**_signal: object) -> None:
    """Let the children begin nothing new from the moment on that the worker is told to stop.

    Celery has a signal for that, but sends it after the soft shutdown has been waited out.
    """
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        signal.signal(number, partial(_stop, signal.getsignal(number)))


def _stop(handle: Any, *arguments: object) -> None:  # noqa: ANN401 - whatever Celery had put there
    queue.stop_serving()
    if callable(handle):
        handle(*arguments)


@worker_before_create_process.connect
def share_memory(**_signal: object) -> None:
    """Keep the collector away from what is loaded, so that pool children go on sharing its pages."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def end_with_the_worker(**_signal: object) -> None:
    """A pool child whose worker was killed must not go on alone."""
    die_with_parent()
