"""Take a file in: look at its first bytes, store it under a recording's prefix, and drop it if nobody notes it."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from apps.core import storage
from apps.core.errors import AppError
from apps.core.storage import PartWriter, StorageUnavailableError
from apps.core.uploads import FileSink, Received, receive
from apps.recordings.errors import EmptyFileError, UnsupportedMediaError
from apps.recordings.media.formats import Format, sniff
from apps.recordings.types import StoredFile

log = structlog.get_logger(__name__)


def body_store(environ: Mapping[str, Any], *, key: str) -> Received[Format]:
    """Stream a request's file into storage and say what arrived. After an error nothing is left.

    Raises what body_receive raises, and StorageUnavailableError.
    """
    with storage.open_writer(key) as writer:
        return body_receive(environ, writer=writer)


def body_receive(environ: Mapping[str, Any], *, writer: PartWriter | None) -> Received[Format]:
    """Read a request's file into the writer, or only to see what it is, and say what arrived.

    Raises EmptyFileError, UnsupportedMediaError and what core.uploads.receive raises.
    """
    return receive(environ, writer=writer, sniff=format_of, file_bytes_max=settings.UPLOAD_MAX_BYTES)


def blocks_store(blocks: Iterable[bytes], *, filename: str, key: str) -> Received[Format]:
    """Store a file that is here already, block by block; otherwise as body_store."""
    with storage.open_writer(key) as writer:
        sink = FileSink(writer, format_of, settings.UPLOAD_MAX_BYTES)
        for block in blocks:
            sink.write(block)
        return sink.finish({}, filename)


def stored_file(received: Received[Format], *, key: str) -> StoredFile:
    """Return what arrived in the words of a recording."""
    return StoredFile(
        key=key,
        size_bytes=received.size_bytes,
        sha256=received.sha256,
        container=received.head_format.name,
        media_type=received.head_format.media_type,
    )


def format_of(head: bytes) -> Format:
    """Say what a file is by its first bytes. Raises EmptyFileError and UnsupportedMediaError."""
    if not head:
        raise EmptyFileError(param="file")
    found = sniff(head)
    if found is None:
        raise UnsupportedMediaError(param="file")
    return found


@contextlib.contextmanager
def dropped_unless_noted(key: str) -> Iterator[None]:
    """Delete the stored file when its recording could not be noted.

    When the database goes away at that moment nobody knows whether it has the row: then the file stays, because a
    file without a row is waste, but a row without its file is a lost recording. A storage that is away is not asked.
    Files that stay without a recording are removed a day later (orphans.py).
    """
    try:
        yield
    except StorageUnavailableError:
        raise
    except (OperationalError, InterfaceError):
        log.warning("upload_left_in_storage", object_key=key)
        raise
    except BaseException:
        with contextlib.suppress(AppError):
            storage.delete(key)
        raise
