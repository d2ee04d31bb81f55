"""The application loaded once: `python -m project.stack.preload`, from which its processes are forked.

A web server, two workers, beat and Flower that each load Django, Celery and our code take about 100 MB apiece, and
most of it is the same. Forked from one process they share it, and they start at once. The supervisor asks over a
socket on standard input; whoever is forked becomes its child (it adopts orphans) and looks, in `ps` too, like the
command that it runs.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import socket
import sys
import time
from pathlib import Path
from typing import Any

from apps.core.process import die_with_parent, keep_memory_flat
from project.stack.loader import MAX_BYTES, READY

COMMON = (
    *("celery.bin.celery", "celery.apps.worker", "celery.worker.consumer", "celery.concurrency.prefork"),
    *("kombu.transport.redis", "billiard.pool", "boto3.s3.transfer", "project.urls", "project.wsgi"),
    *("gunicorn.app.wsgiapp", "project.web_worker", "django_celery_beat.schedulers"),
)
"""What these import is used by most of the processes."""

ARG_START = 45
"""Field of /proc/self/stat after the name: where the command line lies that `ps` shows."""


def main() -> None:
    with socket.socket(fileno=os.dup(0)) as channel:
        supervisor = os.getppid()
        load()
        channel.send(READY)
        request = serve(channel)
    if request is not None:
        settle(request, supervisor)
        run(request["arguments"])


def load() -> None:
    """Import what the processes have in common, and nothing that opens a connection or starts a thread."""
    keep_memory_flat()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    importlib.import_module("django").setup()
    importlib.import_module("project.celery").app.loader.import_default_modules()
    for name in COMMON:
        importlib.import_module(name)
    importlib.import_module("apps.core.storage").client()  # reads a description of S3 that weighs 20 MB
    gc.collect()
    gc.freeze()  # the collector would write to (and copy) every page


def serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for every request. Returns the request in the new process; None when the supervisor is gone."""
    while packet := channel.recv(MAX_BYTES):
        middle = os.fork()
        if middle == 0:  # its end makes an orphan of the new process, for the supervisor to adopt
            request: dict[str, Any] = json.loads(packet) | {"middle": os.getpid()}
            new = os.fork()
            if new == 0:
                return request
            channel.send(str(new).encode())
            os._exit(0)
        os.waitpid(middle, 0)
    return None


def settle(request: dict[str, Any], supervisor: int) -> None:
    """Become a process of its own, as one started by the supervisor is."""
    while os.getppid() == request["middle"]:
        time.sleep(0.001)
    die_with_parent(parent=supervisor)
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)
    os.environ.update(request["environment"])
    show(request["arguments"])


def run(arguments: list[str]) -> None:
    """Do what `python ARGUMENTS` would do."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def show(arguments: list[str]) -> None:
    """Write a command line over our own, so that people and programs find the process by it."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[ARG_START]), int(fields[ARG_START + 1])
    room = end - start
    title = b"\0".join(os.fsencode(word) for word in (sys.executable, *arguments))
    ctypes.memmove(start, title[: room - 1].ljust(room, b"\0"), room)


if __name__ == "__main__":
    main()
