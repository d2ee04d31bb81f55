"""Run untrusted or heavy work in a child process with hard limits.

Decoders meet hostile files and speech engines hold hundreds of megabytes: in a child a crash, a bomb or
a leak ends with the child, and the worker lives on. Requests and answers are JSON over standard streams.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.core.errors import PermanentError, TransientError
from apps.core.process import die_with_parent

POLL_SECONDS = 0.1
"""How often a waiting parent looks at the stop event and the clock."""

ANSWER_BYTES = 64 * 1024 * 1024
"""An answer larger than this is not read: something is wrong with the child."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. Passing any of them ends the child."""

    cpu_seconds: int
    wall_seconds: float
    memory_bytes: int
    """Address space, not resident memory."""
    file_bytes: int
    """Size of any one file that it writes."""
    open_files: int = 64


class ChildFailedError(PermanentError):
    """The child understood the request and said why it cannot be done."""

    code = "child_failed"
    title = "The work could not be done"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        """The child's own stable code, for the caller to translate."""


class ChildKilledError(PermanentError):
    """The child crashed, or passed one of its limits and was killed."""

    code = "child_killed"
    title = "The work crashed or used too much"


class ChildStoppedError(TransientError):
    """The caller's stop event was set: the child was killed because nobody wants its answer any more."""

    code = "child_stopped"
    title = "The work was stopped"


def run_child(
    module: str,
    request: Mapping[str, Any],
    *,
    limits: Limits,
    cwd: Path,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Run `python -m module` in `cwd` and return its JSON answer.

    Raises ChildFailedError, ChildKilledError or ChildStoppedError. No file, thread or process is left behind.
    """
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=_environment(),
        start_new_session=True,
        preexec_fn=lambda: _confine(limits),  # noqa: PLW1509 - only async-signal-safe system calls
    )
    try:
        out, err = _converse(child, json.dumps(request).encode(), limits, stop)
    finally:
        _kill_group(child)
    if child.returncode != 0:
        detail = err.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise ChildKilledError(f"{module} ended with {child.returncode}: {detail[0][:200]}")
    return _answer(module, out)


def serve(handler: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Be the child: read the request, answer with the handler's result or with its ChildFailedError."""
    request = json.load(sys.stdin)
    # Libraries print as they like; the answer keeps the real standard output for itself.
    answer_stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        answer = {"ok": handler(request)}
    except ChildFailedError as error:
        answer = {"failed": {"reason": error.reason, "detail": error.detail}}
    json.dump(answer, answer_stream)
    answer_stream.close()


def _environment() -> dict[str, str]:
    """Only what an interpreter needs: a child that decodes hostile files holds no secrets."""
    keep = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
    root = str(Path(__file__).resolve().parents[2])
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {name: os.environ[name] for name in keep if name in os.environ} | {"PYTHONPATH": root} | threads


def _confine(limits: Limits) -> None:
    die_with_parent(signal.SIGKILL)
    for kind, value in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _converse(
    child: subprocess.Popen[bytes], request: bytes, limits: Limits, stop: threading.Event | None
) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + limits.wall_seconds
    pending: bytes | None = request
    while True:
        try:
            return child.communicate(pending, timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pending = None  # communicate() keeps the input itself after the first call
        if stop is not None and stop.is_set():
            raise ChildStoppedError
        if time.monotonic() > deadline:
            raise ChildKilledError(f"stopped after {limits.wall_seconds:.0f} s")


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()


def _answer(module: str, out: bytes) -> dict[str, Any]:
    if len(out) > ANSWER_BYTES:
        raise ChildKilledError(f"{module} answered {len(out)} bytes")
    try:
        answer: dict[str, Any] = json.loads(out)
    except ValueError as error:
        raise ChildKilledError(f"{module} gave no answer") from error
    if "failed" in answer:
        raise ChildFailedError(answer["failed"]["reason"], answer["failed"]["detail"])
    result: dict[str, Any] = answer["ok"]
    return result
