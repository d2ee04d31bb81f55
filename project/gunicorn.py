"""Configuration of the web server: `gunicorn -c python:project.gunicorn project.wsgi` (docs/decisions/0002)."""

import gc
import os
import re
from typing import Any

from gunicorn.glogging import Logger

from apps.core.process import die_with_parent, keep_memory_flat


class PathOnlyLogger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Writes requests without their query: the fields of a raw upload stand there."""

    def warning(self, msg: str, *args: Any, **options: Any) -> None:
        super().warning(_without_query(msg), *map(_without_query, args), **options)

    def exception(self, msg: str, *args: Any, **options: Any) -> None:
        super().exception(_without_query(msg), *map(_without_query, args), **options)


def _without_query(value: Any) -> Any:  # noqa: ANN401
    return re.sub(r"\?[^\s']*", "?...", value) if isinstance(value, str) else value


bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_WORKERS") or 2)
# A thread serves one request: an upload, or a stream of events, for as long as it lasts.
threads = int(os.environ.get("WEB_THREADS") or 16)
worker_class = "project.web_worker.DeadlineWorker"
worker_connections = 500

# Settings, models and routes are loaded once and shared by the workers.
preload_app = True
# The accepting thread reports to the master every second, so this ends hung workers, not uploads of an hour.
timeout = 60
graceful_timeout = 5
keepalive = 15

# The fields of a raw upload are in the request line; this is the largest that gunicorn allows.
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190

# The longest that a request waits for a broker that hangs, before it is silent for a while (apps/core/queue.py).
BROKER_SECONDS = 1

accesslog = None
errorlog = "-"
logger_class = PathOnlyLogger
# The socket would lie in the home folder, where two instances meet.
control_socket_disable = True


def on_starting(_server: object) -> None:
    """Before anything is loaded."""
    keep_memory_flat()


def pre_fork(_server: object, _worker: object) -> None:
    """Make what every worker needs once, and keep the collector from touching (copying) it in each of them."""
    from apps.core import storage  # noqa: PLC0415 - Django is set up by the preloaded application, not before
    from project.celery import app  # noqa: PLC0415

    app.conf.broker_transport_options |= {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    storage.client()
    gc.collect()
    gc.freeze()


def post_fork(_server: object, _worker: object) -> None:
    """A master that is killed takes its workers along."""
    die_with_parent()
