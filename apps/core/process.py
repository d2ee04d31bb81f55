"""What a process asks of the operating system about its own life."""

import contextlib
import ctypes
import signal

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: dlopen is not safe after one


def die_with_parent(signal_number: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when the thread that started it ends (Linux; elsewhere nothing).

    The request is not inherited over fork, so every process that must not be orphaned makes its own.
    """
    with contextlib.suppress(AttributeError):  # no prctl outside Linux
        _libc.prctl(PR_SET_PDEATHSIG, int(signal_number))
