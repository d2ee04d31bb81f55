"""Starts processes, watches them, starts those again that die, and ends all of them with itself.

One thread, because the kernel ties "die with your parent" to the thread that forked; it sleeps in `select` and
wakes for signals. It adopts orphans of its children, so that nothing is left when it goes.
"""

import contextlib
import ctypes
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType

from apps.core.process import die_with_parent
from project.stack import processes, screen
from project.stack.children import Child, Spec
from project.stack.errors import StackError, StopRequestedError

PR_SET_CHILD_SUBREAPER = 36
TICK_SECONDS = 1.0
READY_TICK_SECONDS = 0.05

APPLICATION_GRACE_SECONDS = 6.0
"""Time to end for everything but the servers. Stages are leased: a killed worker loses nothing."""
SERVER_GRACE_SECONDS = 2.5

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """The parent of all processes of a stack."""

    def __init__(self) -> None:
        self._kept: list[Child] = []
        self._once: list[Child] = []
        self._stop_signal: int | None = None
        self._is_stopping = False
        self._wakeups, self._wakeup_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def take_charge(self) -> None:
        """Listen to signals, adopt orphans, and stop when the process that started us ends."""
        parent = os.getppid()
        with contextlib.suppress(AttributeError):  # no prctl outside Linux
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                signal.signal(number, self._on_signal)
        die_with_parent(signal.SIGTERM, parent=parent)

    def keep(self, specs: Iterable[Spec]) -> list[Child]:
        """Start processes, and start them again whenever they end."""
        children = [Child(spec) for spec in specs]
        for child in children:
            self._kept.append(child)
            child.start()
        return children

    def start_once(self, spec: Spec) -> Child:
        """Start a process that ends by itself."""
        child = Child(spec)
        self._once.append(child)
        child.start()
        return child

    def run_once(self, spec: Spec) -> None:
        """Run a process to its end. Raises StackError when it fails, with the last lines of its log."""
        child = self.start_once(spec)
        self.wait(lambda: child.exit_code is not None)
        if child.exit_code != 0:
            raise StackError(f"{spec.name} failed. {spec.log_end()}")

    def wait_ready(self, children: list[Child], *, seconds: float) -> None:
        """Wait until all do their work. Raises StackError naming the log of one that does not."""
        if not self.wait(lambda: all(child.is_ready for child in children), seconds=seconds):
            late = next(child.spec for child in children if not child.is_ready)
            raise StackError(f"{late.name} did not start in {seconds:.0f} s. {late.log_end()}")

    def wait(self, condition: Callable[[], bool], *, seconds: float | None = None) -> bool:
        """Look after everything until `condition` holds; False when it does not in time.

        Raises StopRequestedError as soon as somebody asks the stack to stop.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while not condition():
            if deadline is not None and time.monotonic() > deadline:
                return False
            self._look_after(READY_TICK_SECONDS)
        return True

    def accompany(self, child: Child) -> int:
        """Stay beside a command on our terminal until it ends; return its exit code, negative for a signal.

        Our signals are for it. It decides what Ctrl-C means; after any other it has a limited time to end.
        """
        deadline: float | None = None
        while child.exit_code is None:
            self._sleep(TICK_SECONDS)
            number, self._stop_signal = self._stop_signal, None
            if number is not None and child.pid and not (number == signal.SIGINT and _terminal_told_all()):
                os.kill(child.pid, number)
            if number not in {None, signal.SIGINT} and deadline is None:
                deadline = time.monotonic() + APPLICATION_GRACE_SECONDS
            if deadline is not None and time.monotonic() > deadline:
                child.kill()
            self._reap()
            self._revive()
        return child.exit_code

    def look_after_everything(self) -> None:
        """Go on until StopRequestedError."""
        while True:
            self._look_after(TICK_SECONDS)

    def stop(self, servers: Iterable[Child]) -> None:
        """End everything: the servers after all that use them, and at last whatever is still there."""
        self._is_stopping = True
        last = list(servers)
        self._end([child for child in self._kept + self._once if child not in last], APPLICATION_GRACE_SECONDS)
        self._end(last, SERVER_GRACE_SECONDS)
        while self._reap() and (left := processes.children_of(os.getpid())):
            processes.kill(left)
            self._sleep(READY_TICK_SECONDS)

    def _end(self, children: list[Child], grace: float) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + grace
        while any(child.pid for child in children):
            if time.monotonic() > deadline:
                for child in children:
                    child.kill()
            self._sleep(READY_TICK_SECONDS)
            self._reap()

    def _look_after(self, seconds: float) -> None:
        self._sleep(seconds)
        if self._stop_signal is not None:
            raise StopRequestedError(self._stop_signal)
        self._reap()
        self._revive()

    def _revive(self) -> None:
        for child in self._kept:
            if not child.pid and child.start_at <= time.monotonic():
                child.start()

    def _reap(self) -> bool:
        """Collect the dead; False when no process is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            for child in self._kept + self._once:
                if child.pid == pid:
                    child.ended(os.waitstatus_to_exitcode(status))
                    self._tell(child)

    def _tell(self, child: Child) -> None:
        if child in self._once or self._is_stopping:
            return
        delay = max(0.0, child.start_at - time.monotonic())
        screen.say(f"{child.spec.name} ended ({screen.ending(child.exit_code)}); again in {delay:.1f} s")
        if child.needs_a_person:
            screen.warn(f"{child.spec.name} does not stay up. Look into {child.spec.log}")

    def _sleep(self, seconds: float) -> None:
        select.select([self._wakeups], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeups, 4096)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in STOP_SIGNALS:
            self._stop_signal = number


def _terminal_told_all() -> bool:
    """A terminal sends Ctrl-C to its whole foreground group: to the command, too."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:  # noqa: PTH123 - no buffer on a terminal
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
