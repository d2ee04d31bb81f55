"""What the person at the terminal reads. A terminal that went away must not keep the stack from stopping."""

import contextlib
import os
import signal
import sys
from pathlib import Path

TAIL_BYTES = 4000
TAIL_LINES = 20


def say(text: str) -> None:
    """Print a line about what happens."""
    _write(f"{_style('2', 'stack')}  {text}\n")


def warn(text: str) -> None:
    _write(f"{_style('1;33', 'stack')}  {_style('1', text)}\n")


def fail(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"\n{_style('1;31', 'error')}  {text}\n")
        sys.stderr.flush()


def block(title: str, sections: list[list[tuple[str, str]]]) -> None:
    """Print a titled block of labels and values, in sections."""
    width = max(len(label) for section in sections for label, _value in section)
    lines = ["", _style("1;32", f"  {title}"), ""]
    for section in sections:
        lines += [f"  {_style('2', label.ljust(width))}  {value}" for label, value in section]
        lines.append("")
    _write("\n".join(lines) + "\n")


def tail(path: Path) -> str:
    """Return the last lines of a log."""
    try:
        text = path.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])


def ending(exit_code: int | None) -> str:
    """Say how a process ended: `exit status 3`, `SIGKILL`."""
    if exit_code is not None and exit_code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-exit_code).name
    return f"exit status {exit_code}"


def _write(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()


def _style(code: str, text: str) -> str:
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return f"\033[{code}m{text}\033[0m"
    return text
