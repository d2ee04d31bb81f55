"""What a process asks of the operating system about its own life."""

import contextlib
import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: dlopen is not safe after one


class _Lineage:
    """Who forked this process: os.getppid() tells only who its parent is now."""

    forking = 0
    parent = 0

    @classmethod
    def before_fork(cls) -> None:
        cls.forking = os.getpid()

    @classmethod
    def in_child(cls) -> None:
        cls.parent = cls.forking


os.register_at_fork(before=_Lineage.before_fork, after_in_child=_Lineage.in_child)


def die_with_parent(signal_number: signal.Signals = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Ask the kernel to signal this process when the thread that started it ends (Linux; elsewhere nothing).

    The request is not inherited over fork, so every process that must not be orphaned makes its own. Where the parent
    (the process that forked us, unless another is named) ended before we could ask, the signal comes at once.
    """
    with contextlib.suppress(AttributeError):  # no prctl outside Linux
        _libc.prctl(PR_SET_PDEATHSIG, int(signal_number))
    _Lineage.parent = parent or _Lineage.parent
    if _Lineage.parent and os.getppid() != _Lineage.parent:
        os.kill(os.getpid(), signal_number)


def keep_memory_flat() -> None:
    """Tell the allocator (glibc; elsewhere nothing) to keep what is used again and give back what is not.

    Large parts come from the system and go back to it; smaller buffers stay, because faulting their pages in anew
    for every block costs more than all the rest of receiving an upload; threads share two pools.
    """
    with contextlib.suppress(AttributeError):  # no mallopt outside glibc
        _libc.mallopt(M_ARENA_MAX, 2)
        _libc.mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024)
        _libc.mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024)
