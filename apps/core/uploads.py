"""Receive a request body in one pass: look at its head, hash it, write it to the storage while it arrives.

Two shapes: the raw bytes as body, and multipart/form-data with one part called `file`. Nothing is kept in memory
but the block in hand and what the writer holds; there is no temporary file. The writer is the caller's: it aborts
on any exception, so a refused, broken or abandoned upload leaves nothing behind.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from multipart import parse_options_header

from apps.core.errors import UserError
from apps.core.forms import FileStart, FormReader
from apps.core.names import display_name
from apps.core.storage import PartWriter

HeadFormat = TypeVar("HeadFormat")

HEAD_BYTES = 64 * 1024
"""How much of the file the caller sees before anything is stored."""

READ_BYTES = 256 * 1024

FRAMING_BYTES_MAX = 4 * 1024 * 1024
"""What a multipart body may be longer than its file: fields, headers, boundaries."""


class FileTooLargeError(UserError):
    """The file is larger than allowed: said as soon as it is known."""

    code = "file_too_large"
    title = "The file is too large"
    status = 413


class BodyIncompleteError(UserError):
    """The body ended before its announced end: the client went away. Mostly nobody reads this answer."""

    code = "body_incomplete"
    title = "The request body is incomplete"
    status = 400


@dataclass(frozen=True, slots=True)
class Received(Generic[HeadFormat]):
    """What arrived. The object becomes visible when the writer is closed, not before."""

    size_bytes: int
    sha256: str
    """Of the file's bytes, in hex."""
    head_format: HeadFormat
    """What the caller's look at the first bytes found."""
    fields: dict[str, list[str]]
    """The multipart text fields in the order in which they came; empty for a raw body."""
    filename: str | None
    """As the client sent it, made harmless to show by `display_name`; never a path or a key."""


class FileSink(Generic[HeadFormat]):
    """Where the file's bytes go: limit, look at the head, hash, writer."""

    def __init__(self, writer: PartWriter | None, sniff: Callable[[bytes], HeadFormat], file_bytes_max: int) -> None:
        self.size_bytes = 0
        self._writer = writer
        self._sniff = sniff
        self._bytes_max = file_bytes_max
        self._head = bytearray()
        self._seen: list[HeadFormat] = []
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises FileTooLargeError and what the look at the head raises."""
        self.size_bytes += len(data)
        if self.size_bytes > self._bytes_max:
            raise too_large(self._bytes_max)
        if self._seen:
            self._keep(data)
            return
        self._head += data
        if len(self._head) >= HEAD_BYTES:
            self._look()

    def finish(self, fields: dict[str, list[str]], filename: str | None) -> Received[HeadFormat]:
        """Say what was received; a file shorter than the head is looked at here, an empty one too."""
        if not self._seen:
            self._look()
        return Received(
            size_bytes=self.size_bytes,
            sha256=self._digest.hexdigest(),
            head_format=self._seen[0],
            fields=fields,
            filename=None if filename is None else display_name(filename),
        )

    def _look(self) -> None:
        self._seen.append(self._sniff(bytes(self._head[:HEAD_BYTES])))
        self._keep(self._head)
        self._head = bytearray()

    def _keep(self, data: bytes | bytearray) -> None:
        self._digest.update(data)
        if self._writer is not None:
            self._writer.write(data)


def receive(
    environ: Mapping[str, Any],
    *,
    writer: PartWriter | None,
    sniff: Callable[[bytes], HeadFormat],
    file_bytes_max: int,
) -> Received[HeadFormat]:
    """Read the request's body into `writer` (None: only hash it) and say what it was.

    `sniff` gets the first 64 kB (all of a shorter file, b"" of an empty one) once, before anything is written; what it
    raises ends the upload. Nothing may have touched the body before: no request.POST, no request.body.
    Raises the UserErrors of this module and of forms.py, and StorageUnavailableError.
    """
    kind, options = parse_options_header(environ.get("CONTENT_TYPE", ""))
    sink = FileSink(writer, sniff, file_bytes_max)
    if kind != "multipart/form-data":
        for block in body_blocks(environ, file_bytes_max):
            sink.write(block)
        return sink.finish({}, None)
    form = FormReader(options.get("boundary", ""))
    filename = None
    for event in form.events(body_blocks(environ, file_bytes_max, framing_bytes_max=FRAMING_BYTES_MAX)):
        if isinstance(event, FileStart):
            filename = event.filename
        else:
            sink.write(event)
    return sink.finish(form.fields, filename)


def body_blocks(environ: Mapping[str, Any], file_bytes_max: int, *, framing_bytes_max: int = 0) -> Iterator[bytes]:
    """Yield the body in blocks.

    Raises FileTooLargeError, before reading where the length says so, and BodyIncompleteError.
    """
    length = content_length(environ)
    bytes_max = file_bytes_max + framing_bytes_max
    if length is not None and length > bytes_max:
        raise too_large(file_bytes_max)
    arrived = 0
    while length is None or arrived < length:
        block = _read(environ, READ_BYTES if length is None else min(READ_BYTES, length - arrived))
        if not block:
            break
        arrived += len(block)
        if arrived > bytes_max:
            raise too_large(file_bytes_max)
        yield block
    if length is not None and arrived < length:
        raise BodyIncompleteError(f"{arrived} of {length} bytes arrived.")


def content_length(environ: Mapping[str, Any]) -> int | None:
    """Return the announced length of the body; None for a chunked one, whose end the server marks itself."""
    announced = environ.get("CONTENT_LENGTH") or ""
    if announced.isascii() and announced.isdigit():
        return int(announced)
    return None if environ.get("wsgi.input_terminated") else 0


def too_large(file_bytes_max: int) -> FileTooLargeError:
    """Return the error that names the limit."""
    return FileTooLargeError(f"A file may have {file_bytes_max} bytes at most.", param="file")


def _read(environ: Mapping[str, Any], size: int) -> bytes:
    try:
        block: bytes = environ["wsgi.input"].read(size)
    except Exception as error:  # every server has its own classes for a reset connection or a broken chunk
        raise BodyIncompleteError from error
    return block
