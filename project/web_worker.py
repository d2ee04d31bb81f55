"""The web server's worker: threads, with a deadline on everything that waits for a client.

Gunicorn's threaded worker waits for headers and bodies without a limit, so a few clients that send a byte now and then
could hold every thread; and it closes connections in its one accepting thread, up to two seconds each. Here both are
bounded, and a client that was answered before it had sent everything gets a moment to read the answer. What the server
itself refuses is answered like every other error, not with a page.
"""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from gunicorn.http.body import LengthReader
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker

from apps.core.errors import UserError
from apps.core.problems import (
    CONTENT_TYPE,
    AddressTooLongError,
    BadRequestError,
    HeadersTooLargeError,
    problem_details,
)

DRAIN_READ_BYTES = 256 * 1024

Reader = Callable[[int | None], bytes]


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn's threaded worker with deadlines."""

    headers_seconds = 30.0
    """From the first byte of a request to the last of its headers."""
    body_read_seconds = 60.0
    """For each read of a body, 256 kB in an upload: a client slower than about 4 kB a second is cut off."""
    drain_seconds = 2.0
    """How long a client that was answered early may go on sending before the connection closes.

    Closing with unread bytes makes the kernel reset the connection, and the client sees a broken pipe, not the 413.
    """

    def init_process(self) -> None:
        self._waiting: dict[TConn, float] = {}
        super().init_process()

    def notify(self) -> None:
        """Runs every second in the accepting thread: end the waits that are past their deadline."""
        super().notify()
        now = time.monotonic()
        for conn, deadline in self._waiting.copy().items():
            if deadline < now:
                # The thread that waits for this client reads the end of the stream, and is free.
                with contextlib.suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def handle(self, conn: TConn) -> Any:  # noqa: ANN401 - a bool, or gunicorn's own mark for "later"
        """Serve one request in a thread of the pool; a connection that ends is also closed here."""
        with self.deadline(conn, self.headers_seconds):
            served = super().handle(conn)
        if served is False:
            conn.close(graceful=True)
            conn.close = _closed_already
        return served

    def handle_request(self, req: Any, conn: TConn) -> bool:  # noqa: ANN401
        """Run the application; afterwards read on for a moment what it left unread."""
        self._waiting.pop(conn, None)
        read = _reader(req.body, conn.sock)
        req.body.read = self._limited(read, conn)
        keep_open = bool(super().handle_request(req, conn))
        with self.deadline(conn, self.drain_seconds):
            return _drain(read) and keep_open

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:  # noqa: ANN401
        """Answer a request that never reached the application because it is too long or not HTTP."""
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        error = _refusal(exc)
        self.log.warning("request_refused code=%s reason=%s", error.code, type(exc).__name__)
        with contextlib.suppress(OSError):
            write_nonblock(client, _answer(error))

    def _limited(self, read: Reader, conn: TConn) -> Reader:
        """Return a body's `read` with a deadline."""

        def limited(size: int | None = None) -> bytes:
            with self.deadline(conn, self.body_read_seconds):
                return read(size)

        return limited

    @contextlib.contextmanager
    def deadline(self, conn: TConn, seconds: float) -> Iterator[None]:
        """Cut the connection off when what happens inside takes longer."""
        self._waiting[conn] = time.monotonic() + seconds
        try:
            yield
        finally:
            self._waiting.pop(conn, None)


def _reader(body: Any, sock: socket.socket) -> Reader:  # noqa: ANN401
    """Return a body's `read` that takes the bytes straight from the socket where the body has a known length.

    Gunicorn's own copies each byte seven times on its way through its buffers.
    """
    if not isinstance(body.reader, LengthReader) or isinstance(sock, ssl.SSLSocket):
        read: Reader = body.read
        return read

    def straight(size: int | None = None) -> bytes:
        left: int = body.reader.length
        wanted = left if size is None or size < 0 else min(size, left)
        held: bytes = body.reader.unreader.take_buffered()
        if len(held) > wanted:
            body.reader.unreader.unread(held[wanted:])
            held = held[:wanted]
        while len(held) < wanted and (more := sock.recv(wanted - len(held), socket.MSG_WAITALL)):
            held = held + more if held else more
        body.reader.length -= len(held)
        return held

    return straight


def _refusal(exc: ParseException) -> UserError:
    match exc:
        case LimitRequestLine():
            return AddressTooLongError(f"The request line may have {exc.max_size} bytes: send long fields in a form.")
        case LimitRequestHeaders():
            return HeadersTooLargeError()
        case _:
            return BadRequestError()


def _answer(error: UserError) -> bytes:
    request_id = str(uuid4())
    body = json.dumps(problem_details(error, request_id=request_id)).encode()
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "Connection: close",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {request_id}",
    )
    return "\r\n".join([*head, "", ""]).encode() + body


def _drain(read: Reader) -> bool:
    """Throw the rest of a body away; False where it is broken."""
    try:
        while read(DRAIN_READ_BYTES):
            pass
    except (OSError, ParseException):  # gone, or a broken chunk
        return False
    return True


def _closed_already(*, graceful: bool = False) -> None:
    """Stands in for a connection's close() once its thread has closed it."""
