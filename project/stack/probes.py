"""Is a server there and doing its work? Raw sockets: a client library would weigh more than the supervisor."""

import contextlib
import socket

from project.stack.ports import HOST

TIMEOUT_SECONDS = 2.0


def valkey_answers(port: int, password: str) -> bool:
    return b"+PONG" in _exchange(port, f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())


def http_status(port: int, path: str) -> int | None:
    """Return the status that a GET is answered with, None when there is no answer."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    words = _exchange(port, request.encode()).split(maxsplit=2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


def _exchange(port: int, request: bytes) -> bytes:
    answer = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS) as connection,
    ):
        connection.settimeout(TIMEOUT_SECONDS)
        connection.sendall(request)
        while received := connection.recv(4096):
            answer += received
    return answer
