"""Hints while the broker is away: one try, then silence, and never an error."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.core import queue

# Sends three hints, in the middle of which the silence ends; prints how many connections each has made.
PROGRAM = """
import json, os, sys, urllib.request
import django
django.setup()
from apps.core import queue

def connections():
    with open(sys.argv[1]) as file:
        return len(file.read())

counts = []
for silent in (False, True, False):
    if not silent:
        queue._silent_until = 0.0
    before = connections()
    lost = []
    queue.enqueue("pipeline.sweep", queue="default", lost=lambda: lost.append(1))
    counts.append([connections() - before, len(lost)])
print(json.dumps(counts))
"""


@contextmanager
def deaf_broker(log) -> Iterator[int]:
    """A broker that hangs up on everybody; each caller leaves a mark in the log."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with log.open("a") as file:
                    file.write(".")
                client.close()

        threading.Thread(target=hang_up, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_broker_that_is_away_is_asked_once_and_then_left_alone(tmp_path):
    log = tmp_path / "connections"
    log.touch()
    with deaf_broker(log) as port:
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(log)],
            env=os.environ | {"REDIS_URL": f"redis://127.0.0.1:{port}/0", "DJANGO_SETTINGS_MODULE": "project.settings"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

    first, silent, later = json.loads(answer.stdout.splitlines()[-1])
    assert first[1] == silent[1] == later[1] == 1, "each was told that it could not be sent"
    assert 1 <= first[0] <= 2, "one try; a connection that breaks at once is opened once more"
    assert silent[0] == 0
    assert later[0] == first[0]


def test_a_task_that_nobody_knows_is_a_mistake_of_the_caller(db):
    with pytest.raises(KeyError):
        queue.enqueue("pipeline.nothing", queue="default")


def test_outside_a_worker_no_queue_is_served():
    assert queue.served() == frozenset()


def test_a_worker_serves_its_queues_until_it_is_told_to_stop(monkeypatch):
    monkeypatch.setattr(queue, "_served", frozenset())
    monkeypatch.setattr(queue, "_stopping", None)
    queue.serve(["media", "stt"])
    assert queue.served() == {"media", "stt"}

    child = os.fork()
    if child == 0:  # a pool child tells nobody, the worker does; the memory is shared
        queue.stop_serving()
        os._exit(0)
    os.waitpid(child, 0)

    assert queue.served() == frozenset()
