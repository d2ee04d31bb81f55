"""Ports on the loopback interface."""

import random
import socket
from pathlib import Path

from project.stack.errors import StackError

HOST = "127.0.0.1"
LOWEST = 20_000
ATTEMPTS = 200


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # leftovers of closed connections do not count
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose_free() -> int:
    """Return a free port that stays ours while its server is being restarted.

    Ports of the ephemeral range do not: the kernel hands them to outgoing connections, even to a client that
    tries to reach that very port.
    """
    for _attempt in range(ATTEMPTS):
        port = random.randrange(LOWEST, _ephemeral_start())  # noqa: S311 - not a secret
        if is_free(port):
            return port
    raise StackError(f"No free port between {LOWEST} and {_ephemeral_start()} on {HOST}.")


def claim(port: int, variable: str) -> int:
    """Return `port` if it is free, any free one for 0. Raises StackError naming the variable to change."""
    if port == 0:
        return choose_free()
    if not is_free(port):
        raise StackError(f"Port {port} is taken by another program. Choose another one: {variable}={port + 1} make run")
    return port


def _ephemeral_start() -> int:
    try:
        start = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except OSError:  # not Linux: the range of the IANA
        start = 49_152
    return start if start > LOWEST + 1000 else 65_536
