"""The product's web server as a process of its own, so that requests come over a real network and may misbehave."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import connection

from apps.accounts import services as accounts

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(log: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run gunicorn with the product's configuration; the process knows its `port` and `log`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", "python:project.gunicorn", *arguments]
    environment = {"PORT": str(port), "BIND": "", "DJANGO_SETTINGS_MODULE": "project.settings_test"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment | variables, stdout=output, stderr=subprocess.STDOUT
        )
    process.port, process.log = port, log
    try:
        wait_for(process)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def wait_for(process):
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{process.port}/livez", timeout=30)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(process.log.read_text())


@contextmanager
def product(log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the whole application on the database of the tests, with one process and no limits of rate."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    unlimited = {"UPLOADS_PER_MINUTE": "1000000", "REQUESTS_PER_MINUTE": "1000000", "LOG_LEVEL": "WARNING"}
    variables = {"DATABASE_URL": address.geturl(), **unlimited, **variables}
    with serving(log, "-w", "1", "project.wsgi", **variables) as process:
        yield process


@pytest.fixture(scope="module")
def live(django_db_setup, tmp_path_factory):
    with product(tmp_path_factory.mktemp("live") / "web.log") as process:
        yield process


@pytest.fixture
def key(transactional_db, workspace):
    return accounts.api_key_create(workspace=workspace, name="tests")[1]


@pytest.fixture
def caller(key):
    """Return a client of a server."""
    clients = []

    def connect(process):
        url = f"http://127.0.0.1:{process.port}/api/v1/"
        clients.append(httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
