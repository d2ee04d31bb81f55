import contextlib
import hashlib
import multiprocessing
import socket
import threading
import tracemalloc
import uuid
from datetime import timedelta

import pytest
from botocore.config import Config
from django.conf import settings

from apps.core import storage
from apps.core.storage import PART_BYTES, ObjectMissingError, StorageUnavailableError

BLOCK = bytes(range(256)) * 1024


def write(key, size):
    """Write a pattern in uneven pieces; return its digest."""
    digest = hashlib.sha256()
    with storage.open_writer(key) as writer:
        left, turn = size, 0
        while left:
            turn += 1
            piece = memoryview(BLOCK)[turn % 7 : min(left + turn % 7, len(BLOCK))]
            writer.write(piece)
            digest.update(piece)
            left -= len(piece)
    assert writer.size_bytes == size
    return digest.hexdigest()


def write_and_stop(key, size):
    with storage.open_writer(key) as writer:
        writer.write(bytes(size))
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "size", [0, 1, 1000, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 3 * PART_BYTES + 12345]
)
def test_an_object_of_any_size_comes_back_unchanged(folder, stored, tmp_path, size):
    digest = write(folder + "object", size)

    copy = tmp_path / "copy"
    assert storage.size(folder + "object") == size
    assert storage.download(folder + "object", copy) == size
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == digest
    assert stored() == ([folder + "object"], [])


def test_nothing_is_visible_before_the_writer_is_closed(folder, stored):
    writer = storage.open_writer(folder + "object")
    writer.write(bytes(2 * PART_BYTES + 1))

    assert stored()[0] == []
    writer.close()
    assert stored()[0] == [folder + "object"]


@pytest.mark.parametrize("size", [10, PART_BYTES + 1, 3 * PART_BYTES])
def test_an_exception_leaves_neither_an_object_nor_an_open_upload(folder, stored, size):
    with pytest.raises(KeyboardInterrupt):
        write_and_stop(folder + "object", size)

    assert stored() == ([], [])


@pytest.mark.parametrize("size", [10, PART_BYTES + 1])
def test_an_exception_between_finish_and_close_leaves_nothing(folder, stored, size):
    writer = storage.open_writer(folder + "object")
    writer.write(bytes(size))

    def fail():
        with writer:
            writer.finish()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert stored() == ([], [])


def test_an_exception_after_close_leaves_the_object(folder, stored):
    def fail():
        with storage.open_writer(folder + "object") as writer:
            writer.close()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert stored() == ([folder + "object"], [])


def test_a_replaced_object_survives_a_failed_replacement(folder):
    write(folder + "object", 10)

    with pytest.raises(KeyboardInterrupt):
        write_and_stop(folder + "object", 3 * PART_BYTES)

    assert storage.size(folder + "object") == 10


def test_memory_holds_two_parts_however_large_the_object_is(folder):
    storage.client()
    tracemalloc.start()
    try:
        write(folder + "object", 8 * PART_BYTES)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert 2 * PART_BYTES < peak < 2.5 * PART_BYTES


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, None, BLOCK), (0, 1, b"\0"), (5, 9, b"\5\6\7\10"), (len(BLOCK) - 3, None, b"\xfd\xfe\xff")],
)
def test_a_range_has_exactly_the_bytes_that_were_asked_for(folder, start, end, expected):
    with storage.open_writer(folder + "object") as writer:
        writer.write(BLOCK)

    assert b"".join(storage.read_range(folder + "object", start, end)) == expected


def test_a_file_is_stored_and_counted(folder, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(BLOCK * 3)

    assert storage.store_file(folder + "object", source) == 3 * len(BLOCK)
    assert storage.size(folder + "object") == 3 * len(BLOCK)


def test_a_missing_object_has_an_error_of_its_own(folder, tmp_path):
    with pytest.raises(ObjectMissingError):
        storage.size(folder + "none")
    with pytest.raises(ObjectMissingError):
        storage.read_range(folder + "none")
    with pytest.raises(ObjectMissingError):
        storage.download(folder + "none", tmp_path / "copy")
    storage.delete(folder + "none")


def test_deleting_a_folder_takes_what_is_below_it_and_nothing_beside_it(folder, stored):
    for name in ("1/a", "1/b/c", "10/a"):
        write(folder + name, 1)

    assert storage.delete_prefix(folder + "1/") == 2
    assert storage.delete_prefix(folder + "1/") == 0
    assert stored()[0] == [folder + "10/a"]


@pytest.mark.parametrize("prefix", ["", "/", "recordings", "recordings/1"])
def test_only_a_folder_can_be_deleted(prefix):
    with pytest.raises(ValueError, match="not a folder"):
        storage.delete_prefix(prefix)


def test_uploads_that_a_killed_process_left_are_aborted_once_they_are_old(folder, stored):
    client, bucket = storage.client(), storage.bucket()
    client.create_multipart_upload(Bucket=bucket, Key=folder + "left")

    assert storage.abort_stale_uploads(timedelta(hours=1)) == 0
    assert stored()[1] == [folder + "left"]
    assert storage.abort_stale_uploads(timedelta(seconds=-5)) >= 1
    assert stored()[1] == []


def test_a_bucket_that_never_had_an_upload_has_no_stale_ones(settings):
    fresh = f"tests-{uuid.uuid4()}"
    storage.client().create_bucket(Bucket=fresh)
    settings.STORAGES = with_options(bucket_name=fresh)

    assert storage.abort_stale_uploads(timedelta(0)) == 0
    storage.client().delete_bucket(Bucket=fresh)


def test_a_storage_that_does_not_answer_is_said_to_be_unavailable(settings):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.STORAGES = with_options(endpoint_url=f"http://127.0.0.1:{port}")

    with pytest.raises(StorageUnavailableError) as caught:
        storage.size("object")
    assert (caught.value.status, caught.value.retryable) == (503, True)
    with pytest.raises(StorageUnavailableError), storage.open_writer("object") as writer:
        writer.write(bytes(2 * PART_BYTES + 1))


def test_a_storage_error_does_not_tell_the_address(settings):
    settings.STORAGES = with_options(endpoint_url="http://127.0.0.1:9/secret-place")

    with pytest.raises(StorageUnavailableError) as caught:
        storage.size("object")
    assert "secret-place" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.fixture
def silent(settings):
    """A storage that takes connections and never answers; gives the requests that reached it."""
    requests = []

    def listen():
        with contextlib.suppress(OSError):  # closed below
            while True:
                connection, _ = server.accept()
                requests.append(connection)

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=listen, daemon=True).start()
    config = settings.STORAGES["default"]["OPTIONS"]["client_config"].merge(Config(connect_timeout=1, read_timeout=0.2))
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    settings.STORAGES = with_options(endpoint_url=url, client_config=config)
    yield requests
    server.close()
    for connection in requests:
        connection.close()


def test_a_storage_that_hangs_is_asked_twice_and_not_waited_for_again_to_clean_up(silent):
    with pytest.raises(StorageUnavailableError):
        write("object", 4 * PART_BYTES)
    assert len(silent) == 2

    with pytest.raises(StorageUnavailableError):
        storage.size("object")
    assert len(silent) == 4


def test_a_storage_that_hangs_is_given_up_before_its_callers_are():
    config = settings.STORAGES["default"]["OPTIONS"]["client_config"]
    pauses = 1

    assert config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout) + pauses < 25
    assert config.retries["total_max_attempts"] * config.read_timeout + pauses <= 15


def test_completing_may_be_asked_for_twice(folder):
    """As when the first answer was lost: boto3 sends the request again, and the upload is no longer there."""
    events, name = storage.client().meta.events, "needs-retry.s3.CompleteMultipartUpload"
    asked = []

    def again(attempts, **_event):
        asked.append(attempts)
        return 0 if attempts == 1 else None

    events.register(name, again)
    try:
        write(folder + "object", PART_BYTES + 1)
    finally:
        events.unregister(name, again)

    assert len(asked) == 2
    assert storage.size(folder + "object") == PART_BYTES + 1


def with_options(**changes):
    default = settings.STORAGES["default"]
    return {**settings.STORAGES, "default": {**default, "OPTIONS": {**default["OPTIONS"], **changes}}}


def test_a_forked_process_has_connections_of_its_own(folder):
    write(folder + "object", 10)
    results = multiprocessing.get_context("fork").Queue()

    def child():
        results.put(storage.size(folder + "object"))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()

    assert results.get(timeout=20) == 10
    process.join()
    assert storage.size(folder + "object") == 10
