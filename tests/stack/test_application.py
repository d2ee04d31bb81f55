"""The real application under the supervisor: what only it can show."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.stack.conftest import ROOT, StandIn, clean_environment, processes_of, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("application")]  # one start for all


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[list[StandIn]]:
    """Hold the stack that runs now; a test that killed it leaves a dead one."""
    started: list[StandIn] = []
    yield started
    for stack in started:
        if stack.process.poll() is None:
            stack.stop()


@pytest.fixture
def stack(running, tmp_path_factory) -> StandIn:
    if not running or running[-1].process.poll() is not None:
        running.append(begin(tmp_path_factory.mktemp("application")))
    return running[-1]


def begin(place: Path) -> StandIn:
    home, output = place / "a home", place / "output"
    command = [sys.executable, "-m", "project.stack", "run", "--home", str(home), "--port", "0", "--flower-port", "0"]
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stdout=file, stderr=file)
    stack = StandIn(home, process, output)
    until(lambda: stack.said("is running") or process.poll() is not None, 120)
    assert process.poll() is None, output.read_text()
    return stack


def pid_of(stack, text) -> int:
    for child in psutil.Process(stack.process.pid).children():
        with contextlib.suppress(psutil.Error):
            if text in " ".join(child.cmdline()):
                return child.pid
    return 0


def alive(stack) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{stack.addresses['PORT']}/livez", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def test_processes_are_found_by_the_command_that_they_run(stack):
    commands = ("gunicorn project.wsgi", "worker --loglevel=INFO -n audio@", "worker --loglevel=INFO -n text@")

    for text in (*commands, "celery -A project.celery beat", "celery -A project.celery flower"):
        until(lambda text=text: pid_of(stack, text), 15)


def test_flower_asks_for_the_password_that_is_in_the_home(stack):
    page = f"http://127.0.0.1:{stack.addresses['FLOWER_PORT']}/"
    password = (stack.home / "flower_password").read_text().strip()

    def status(**options) -> int:
        try:
            return httpx.get(page, **options).status_code
        except httpx.TransportError:
            return 0

    until(lambda: status() == 401, 20)
    assert status(auth=("operator", password)) == 200
    assert status(auth=("operator", "wrong")) == 401


@pytest.mark.parametrize("text", ["gunicorn project.wsgi", "worker --loglevel=INFO -n audio@", "project.stack.preload"])
def test_a_killed_process_comes_back(stack, text):
    killed = pid_of(stack, text)

    os.kill(killed, signal.SIGKILL)

    until(lambda: pid_of(stack, text) not in (0, killed) and alive(stack), 30)


def test_killing_the_supervisor_leaves_no_process_not_even_one_forked_by_another(stack):
    assert len(processes_of(stack.home)) > 12

    stack.process.kill()

    until(lambda: not processes_of(stack.home))
