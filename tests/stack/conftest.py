"""Stacks of their own for the tests of the stack: they kill them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL", "S3_BUCKET", "VOX_HOME", "PORT", "FLOWER_PORT")


def clean_environment() -> dict[str, str]:
    """Forget the servers that the tests themselves run beside."""
    return {name: value for name, value in os.environ.items() if name not in NAMED}


def processes_of(home: Path) -> list[psutil.Process]:
    """Return what lives and has to do with a home, whoever its parent is now."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and belongs(process, home)]


def belongs(process: psutil.Process, home: Path) -> bool:
    place = str(home)
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return (
            place in process.cwd()
            or any(place in word for word in process.cmdline())
            or process.environ().get("VOX_HOME") == place
        )
    except psutil.Error:
        return False


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@dataclass
class StandIn:
    """A running stack with harmless processes in the place of the application."""

    home: Path
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def addresses(self) -> dict[str, str]:
        lines = (self.home / "run" / "stack.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def said(self, text: str) -> bool:
        return text in self.output.read_text()

    def pids(self, program: str) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children() if name_of(child) == program]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)


def name_of(process: psutil.Process) -> str:
    """Return the program's name; nothing for a process that has just ended."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


@pytest.fixture(scope="module")
def begin(tmp_path_factory) -> Iterator[Callable[..., StandIn]]:
    """Start stand-in stacks; those that still run at the end are stopped."""
    started: list[StandIn] = []

    def start(home: Path, *options: str, port: int = 0, in_shell: bool = False, **variables: str) -> StandIn:
        output = tmp_path_factory.mktemp("output") / "output"
        command = [sys.executable, "-m", "tests.stack.stand_in", str(home), str(port), *options]
        if in_shell:
            command = ["sh", "-c", '"$@"; true', "sh", *command]
        with output.open("wb") as file:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**clean_environment(), **variables}, stdout=file, stderr=file
            )
        stack = StandIn(home, process, output)
        started.append(stack)
        until(lambda: stack.said("is running") or process.poll() is not None, 30)
        return stack

    yield start
    for stack in started:
        if stack.process.poll() is None:
            stack.stop()
    for stack in started:
        for process in processes_of(stack.home):
            process.kill()
