"""Objects in S3: written in parts as the bytes arrive, read in ranges, deleted by prefix.

It uses the default storage of django-storages, but one boto3 client for the whole process: the storage keeps one per
thread, each with its own pool and its own copy of the service description (tens of megabytes over sixteen
threads). Memory stays flat because one writer holds two parts at most: one filling, one on its way.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as EndpointError
from django.core.files.storage import storages

from apps.core.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import (
        CompletedMultipartUploadTypeDef,
        CompletedPartTypeDef,
        ObjectIdentifierTypeDef,
    )

PART_BYTES = 8 * 1024 * 1024
"""An object up to this size is one request; a larger one is sent in parts of this size (S3 wants 5 MB at least)."""

BLOCK_BYTES = 256 * 1024
"""Objects are read and copied in blocks of this size."""

BINARY = "application/octet-stream"

_NOT_FOUND = 404
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_DELETE_BATCH = 1000


class StorageUnavailableError(TransientError):
    """The object storage does not answer, or says that it cannot now. Stages wait for it, however long that takes."""

    code = "storage_unavailable"
    title = "The storage is not available"
    counts = False


class ObjectMissingError(PermanentError):
    """There is no object under this key (any more)."""

    code = "object_missing"
    title = "The stored object is missing"


class PartWriter:
    """Writes one object from pieces of any size; nothing becomes visible before `close`.

    A thread of its own sends one part while the next one fills, so that receiving and sending overlap; between `finish`
    and `close` the caller may do something else. Used as a context manager it closes at the end, and on any exception
    before that leaves nothing behind. Only a storage that does not answer keeps what it has for the sweep: asking it to
    drop that would mean to wait again.
    """

    def __init__(self, key: str, content_type: str = BINARY) -> None:
        self.key = key
        self.size_bytes = 0
        self._content_type = content_type
        self._part = bytearray()
        self._filled = 0
        self._completed: list[CompletedPartTypeDef] = []
        self._upload_id: str | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[bytearray] | None = None
        self._end: Future[None] | None = None
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._drop(error)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`; may wait for the previous part. Raises StorageUnavailableError."""
        rest = memoryview(data)
        self.size_bytes += len(rest)
        while rest:
            if self._filled == PART_BYTES:
                self._send_part()
            taken = rest[: PART_BYTES - self._filled]
            self._fill(taken)
            rest = rest[len(taken) :]

    def finish(self) -> Future[None]:
        """Begin to send what is left; nothing can be written any more."""
        if self._end is None:
            self._end = self._executor().submit(self._send_end)
        return self._end

    def close(self) -> None:
        """Make the object visible under its key, whole or not at all. Raises StorageUnavailableError."""
        if self._is_closed:
            return
        try:
            self.finish().result()
        except BaseException as error:
            self._drop(error)
            raise
        self._is_closed = True
        self._end_thread()

    def _drop(self, error: BaseException) -> None:
        """Drop everything written so far. Does not raise."""
        is_begun = self._end is not None
        self._end_thread()
        if self._is_closed or isinstance(error, StorageUnavailableError):
            return
        upload_id, self._upload_id = self._upload_id, None
        with contextlib.suppress(StorageUnavailableError, ClientError):
            if upload_id is not None:
                _abort_upload(self.key, upload_id)
            if is_begun:
                delete(self.key)

    def _fill(self, data: memoryview) -> None:
        """Copy into the part: the first one grows with a small object, the later ones are full-size and reused."""
        end = self._filled + len(data)
        if self._filled == len(self._part):
            self._part += data
        else:
            memoryview(self._part)[self._filled : end] = data
        self._filled = end

    def _executor(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage-part")
        return self._thread

    def _send_end(self) -> None:
        """Send all of a small object, or the last part of a large one; runs after the other parts, in their thread."""
        if self._under_way is None:
            self._put()
        else:
            self._under_way.result()
            self._complete()

    def _put(self) -> None:
        with storage_errors(self.key):
            client().put_object(Bucket=bucket(), Key=self.key, Body=_body(self._part), ContentType=self._content_type)

    def _send_part(self) -> None:
        """Hand the part to the thread, once the part before has arrived; fill that one's memory next."""
        free = bytearray(PART_BYTES) if self._under_way is None else self._under_way.result()
        self._under_way = self._executor().submit(self._upload_part, self._part)
        self._part, self._filled = free, 0

    def _upload_part(self, part: bytearray) -> bytearray:
        with storage_errors(self.key):
            if self._upload_id is None:
                created = client().create_multipart_upload(
                    Bucket=bucket(), Key=self.key, ContentType=self._content_type
                )
                self._upload_id = created["UploadId"]
            number = len(self._completed) + 1
            answer = client().upload_part(
                Bucket=bucket(), Key=self.key, UploadId=self._upload_id, PartNumber=number, Body=_body(part)
            )
            self._completed.append({"PartNumber": number, "ETag": answer["ETag"]})
        return part

    def _complete(self) -> None:
        del self._part[self._filled :]
        self._upload_part(self._part)
        parts: CompletedMultipartUploadTypeDef = {"Parts": self._completed}
        try:
            with storage_errors(self.key):
                client().complete_multipart_upload(
                    Bucket=bucket(), Key=self.key, UploadId=self._upload_id or "", MultipartUpload=parts
                )
        except ObjectMissingError:
            # A request that was repeated, because its answer did not come, finds the upload completed.
            if size(self.key) != self.size_bytes:
                raise

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None
        self._part, self._under_way, self._end = bytearray(), None, None


def open_writer(key: str, content_type: str = BINARY) -> PartWriter:
    """Return a writer for a new object; nothing is sent before the first part is full or the writer closed."""
    return PartWriter(key, content_type)


def store_file(key: str, path: Path, content_type: str = BINARY) -> int:
    """Write a local file under `key` and return its size in bytes."""
    with open_writer(key, content_type) as writer, path.open("rb") as source:
        while block := source.read(BLOCK_BYTES):
            writer.write(block)
    return writer.size_bytes


def size(key: str) -> int:
    """Return the object's size in bytes. Raises ObjectMissingError."""
    with storage_errors(key):
        return client().head_object(Bucket=bucket(), Key=key)["ContentLength"]


def read_range(key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Return the bytes from `start` up to but without `end` (None: to the last one) as an iterator of blocks.

    The request is made at once, so errors come before the first block: ObjectMissingError, StorageUnavailableError.
    The answer's status is not looked at, because some servers answer a range with 200; its bytes are right.
    """
    span = f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"
    with storage_errors(key):
        body = client().get_object(Bucket=bucket(), Key=key, Range=span)["Body"]
    return _blocks(key, body)


def download(key: str, path: Path) -> int:
    """Copy the object into a local file and return its size in bytes. Raises ObjectMissingError."""
    with storage_errors(key):
        body = client().get_object(Bucket=bucket(), Key=key)["Body"]
    with path.open("wb") as target:
        return sum(target.write(block) for block in _blocks(key, body))


def delete(key: str) -> None:
    """Delete the object; one that is not there is no error."""
    with storage_errors(key):
        client().delete_object(Bucket=bucket(), Key=key)


def delete_prefix(prefix: str) -> int:
    """Delete every object below `prefix`, which ends in a slash, and return how many there were."""
    if not prefix.strip("/") or not prefix.endswith("/"):
        raise ValueError(f"not a folder: {prefix!r}")
    deleted = 0
    with storage_errors(prefix):
        pages = (
            client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=bucket(), Prefix=prefix, PaginationConfig={"PageSize": _DELETE_BATCH})
        )
        for page in pages:
            keys: list[ObjectIdentifierTypeDef] = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            if keys:
                answer = client().delete_objects(Bucket=bucket(), Delete={"Objects": keys, "Quiet": True})
                if answer.get("Errors"):
                    raise StorageUnavailableError(f"{len(answer['Errors'])} objects could not be deleted")
                deleted += len(keys)
    return deleted


def folders(prefix: str) -> Iterator[list[str]]:
    """Yield the names of the folders right below `prefix`, which ends in a slash, in batches of up to 1000."""
    with storage_errors(prefix):
        pages = client().get_paginator("list_objects_v2").paginate(Bucket=bucket(), Prefix=prefix, Delimiter="/")
        for page in pages:
            yield [each["Prefix"].removeprefix(prefix).rstrip("/") for each in page.get("CommonPrefixes", [])]


def last_written_at(prefix: str) -> datetime | None:
    """Return when the newest object below `prefix` was written, by the storage's clock; None where there is none."""
    with storage_errors(prefix):
        pages = client().get_paginator("list_objects_v2").paginate(Bucket=bucket(), Prefix=prefix)
        return max((entry["LastModified"] for page in pages for entry in page.get("Contents", [])), default=None)


def abort_stale_uploads(older_than: timedelta) -> int:
    """Abort the multipart uploads that killed processes left open; return how many there were."""
    limit = datetime.now(UTC) - older_than
    aborted = 0
    # The embedded server answers 404 while its bucket has not had any upload since it was started.
    with contextlib.suppress(ObjectMissingError), storage_errors("uploads"):
        for page in client().get_paginator("list_multipart_uploads").paginate(Bucket=bucket()):
            for upload in page.get("Uploads", []):
                if upload["Initiated"] < limit:
                    _abort_upload(upload["Key"], upload["UploadId"])
                    aborted += 1
    return aborted


@contextlib.contextmanager
def storage_errors(key: str) -> Iterator[None]:
    """Translate what boto3 raises. Messages carry the key and a code, never an address: it may be signed."""
    try:
        yield
    except (EndpointError, HTTPClientError, IncompleteReadError) as error:
        raise StorageUnavailableError(f"{key}: {type(error).__name__}") from None
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        if status == _NOT_FOUND and code != "NoSuchBucket":
            raise ObjectMissingError(f"{key}: {code}") from error
        if status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS:
            raise StorageUnavailableError(f"{key}: {code}") from error
        raise


def client() -> "S3Client":
    """Return the process's one boto3 client (thread-safe), made from the default storage's options.

    A process forked from one that has a client goes on with it, with connections of its own.
    """
    with _client_lock:
        made = _client_of(_storage())
        if _client_pid["pid"] != os.getpid():
            made.close()  # drops the pooled connections; the next request opens new ones
            _client_pid["pid"] = os.getpid()
        return made


def bucket() -> str:
    """Return the bucket's name."""
    name: str = _storage().bucket_name
    return name


def _abort_upload(key: str, upload_id: str) -> None:
    """Drop the parts of an upload; one that is not open any more is no error. Raises StorageUnavailableError."""
    with contextlib.suppress(ObjectMissingError), storage_errors(key):
        client().abort_multipart_upload(Bucket=bucket(), Key=key, UploadId=upload_id)


def _body(part: bytearray) -> bytes:
    """Boto3 sends a bytearray as it is; only its stubs do not know."""
    return cast("bytes", part)


def _blocks(key: str, body: Any) -> Iterator[bytes]:  # noqa: ANN401 - botocore's StreamingBody has no public stub
    with contextlib.closing(body), storage_errors(key):
        yield from body.iter_chunks(BLOCK_BYTES)


def _storage() -> Any:  # noqa: ANN401 - django-storages ships no types
    return storages["default"]


@lru_cache(maxsize=1)
def _client_of(storage: Any) -> "S3Client":  # noqa: ANN401
    made: S3Client = storage.connection.meta.client
    return made


_client_lock = threading.Lock()
_client_pid = {"pid": os.getpid()}
