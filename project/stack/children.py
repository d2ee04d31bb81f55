"""One process of the stack: how it is started, how its death is noticed, when it is started again."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.core.process import die_with_parent
from project.stack import screen

QUICK_SECONDS = 5.0
"""A process that lives shorter than this did not really start."""

DELAYS = (0.2, 0.3, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a process is started again, by the number of quick deaths in a row. Ten is the promise."""

CANNOT_START = 127
"""The exit code of a program that is not there, as shells have it."""

ALARM_DEATHS = 5
"""So many quick deaths in a row, and a person should look."""


def _nothing() -> None:
    pass


def _at_once(_pid: int) -> bool:
    return True


def spawn(spec: "Spec", *, standard_input: int | None = None) -> int:
    """Start the command of `spec` as a program, in a process group of its own."""

    def settle() -> None:
        spec.become()
        die_with_parent()  # after become(): changing the user forgets it

    with contextlib.ExitStack() as files:
        log = files.enter_context(spec.log.open("ab")) if spec.log else None
        if spec.stdin:
            standard_input = subprocess.PIPE
        elif log and standard_input is None:
            standard_input = subprocess.DEVNULL
        process = subprocess.Popen(  # noqa: S603 - our own programs
            spec.command,
            cwd=spec.directory,
            env=dict(spec.environment),
            stdin=standard_input,
            stdout=log,
            stderr=log,
            start_new_session=log is not None,
            preexec_fn=settle,  # noqa: PLW1509 - single-threaded here, and only system calls there
        )
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(spec.stdin)  # short: it fits into the pipe
    process.returncode = 0  # the supervisor reaps, for all; Popen must not
    return process.pid


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run. `name` is also that of its log."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path | None
    """None: the process uses our terminal, and belongs to our process group."""
    stop_signal: signal.Signals = signal.SIGTERM
    stdin: bytes = b""
    prepare: Callable[[], None] = _nothing
    """Called before every start, in the supervisor."""
    become: Callable[[], None] = _nothing
    """Called in the new process before its program starts; only system calls."""
    spawn: Callable[["Spec"], int] = spawn
    """Starts it and returns its process id."""
    is_ready: Callable[[int], bool] = _at_once
    """Tells, given the process id, whether it does its work."""

    def log_end(self) -> str:
        """Name the log and quote its last lines."""
        return f"The end of {self.log}:\n\n{screen.tail(self.log)}" if self.log else ""


class Child:
    """A process that is kept running until it is told to stop."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.pid = 0
        """Of the running process, which leads a group of its own; 0 while there is none."""
        self.exit_code: int | None = None
        self.start_at = 0.0
        """On the monotonic clock: when it should be running again."""
        self.quick_deaths = 0
        self._started_at = 0.0

    def start(self) -> None:
        """Start the process. One that cannot be started counts as dead at once."""
        self._started_at = time.monotonic()
        self.exit_code = None
        try:
            self.spec.prepare()
            self.pid = self.spec.spawn(self.spec)
        except (OSError, subprocess.SubprocessError) as error:
            screen.warn(f"{self.spec.name} cannot be started: {error}")
            self.ended(CANNOT_START)

    def ended(self, exit_code: int) -> None:
        """Take note that the process is gone; what it left of its group goes too."""
        if self.pid and self.spec.log:
            self._kill_group()
        self.pid = 0
        self.exit_code = exit_code
        now = time.monotonic()
        quick = now - self._started_at < QUICK_SECONDS
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        self.start_at = now + DELAYS[min(self.quick_deaths, len(DELAYS) - 1)]

    @property
    def is_ready(self) -> bool:
        return bool(self.pid) and self.spec.is_ready(self.pid)

    @property
    def needs_a_person(self) -> bool:
        """True once per series of quick deaths."""
        return self.quick_deaths == ALARM_DEATHS

    def ask_to_stop(self) -> None:
        """Signal the process itself: it knows best how to end its own children."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, self.spec.stop_signal)

    def kill(self) -> None:
        if self.pid:
            self._kill_group()

    def _kill_group(self) -> None:
        end = os.killpg if self.spec.log else os.kill
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(self.pid, signal.SIGKILL)
