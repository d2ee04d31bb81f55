"""What /proc tells about other processes. Without a /proc (macOS) there is nothing to tell."""

import contextlib
import os
import signal
import time
from pathlib import Path

PROC = Path("/proc")
GONE_SECONDS = 3.0
"""How long a killed process may take to disappear."""


def children_of(parent: int) -> list[int]:
    return [pid for pid in _all() if _parent(pid) == parent]


def working_in(directory: Path) -> list[int]:
    """Return the processes whose current directory this is, as it is for every process of a PostgreSQL server."""
    place = os.fspath(directory)
    return [pid for pid in _all() if _current_directory(pid) == place]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def clear(directory: Path) -> bool:
    """Kill what works in a directory; tell whether it is empty of processes now."""
    deadline = time.monotonic() + GONE_SECONDS
    while pids := working_in(directory):
        if time.monotonic() > deadline:
            return False
        kill(pids)
        time.sleep(0.02)
    return True


def _all() -> list[int]:
    try:
        return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]
    except FileNotFoundError:
        return []


def _parent(pid: int) -> int:
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])  # the name before it may hold spaces and brackets


def _current_directory(pid: int) -> str:
    try:
        return os.fspath((PROC / str(pid) / "cwd").readlink())
    except OSError:
        return ""
