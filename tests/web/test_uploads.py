"""Uploads over a real network, by clients that are slow, hasty, many, or gone."""

import gzip
import hashlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.core import storage
from apps.core.storage import PART_BYTES
from apps.recordings.models import Recording

CLIP = (Path(__file__).parents[1] / "data" / "audio" / "en_cards_16k.wav").read_bytes()
WAV = {"Content-Type": "audio/wav"}


@pytest.fixture
def stored(workspace):
    """The keys of the workspace's objects, and of the uploads that are open there; removed afterwards."""
    place = {"Bucket": storage.bucket(), "Prefix": f"{workspace.pk}/"}

    def look():
        objects = storage.client().list_objects_v2(**place).get("Contents", [])
        uploads = storage.client().list_multipart_uploads(**place).get("Uploads", [])
        return [entry["Key"] for entry in objects], [entry["Key"] for entry in uploads]

    yield look
    storage.delete_prefix(place["Prefix"])


def begin(process, key, size):
    """Open a connection and announce an upload of so many bytes."""
    client = socket.create_connection(("127.0.0.1", process.port), timeout=30)
    head = f"POST /api/v1/recordings HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    client.sendall(f"{head}Content-Type: audio/wav\r\nContent-Length: {size}\r\n\r\n".encode())
    return client


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def numbered(count):
    """The clip, each time with other bytes at its end."""
    return [CLIP + number.to_bytes(4) for number in range(count)]


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(live, key, stored):
    with begin(live, key, 5 * PART_BYTES) as client:
        client.sendall(CLIP + bytes(3 * PART_BYTES))
        until(lambda: stored()[1])

    until(lambda: stored() == ([], []))
    assert not Recording.objects.exists()


def test_a_client_that_resets_the_connection_leaves_nothing(live, key, stored):
    with begin(live, key, 5 * PART_BYTES) as client:
        client.sendall(CLIP + bytes(3 * PART_BYTES))
        until(lambda: stored()[1])
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    until(lambda: stored() == ([], []))
    assert not Recording.objects.exists()


def test_a_slow_client_is_served_and_nobody_waits_for_it(live, key, caller, stored):
    with begin(live, key, len(CLIP)) as slow:
        for at in range(0, len(CLIP), len(CLIP) // 10 + 1):
            slow.sendall(CLIP[at : at + len(CLIP) // 10 + 1])
            assert caller(live).post("recordings", content=CLIP, headers=WAV).status_code == 202
        head = slow.recv(65536)

    assert head.startswith(b"HTTP/1.1 202")
    assert {recording.sha256 for recording in Recording.objects.all()} == {hashlib.sha256(CLIP).hexdigest()}


def test_files_of_one_name_in_one_second_keep_their_own_bytes(live, caller, stored):
    client, files = caller(live), numbered(20)

    def send(content):
        return client.post("recordings", files={"file": ("call.wav", content)}).raise_for_status().json()["id"]

    with ThreadPoolExecutor(20) as clients:
        sent = dict(zip(clients.map(send, files), files, strict=True))

    for recording in Recording.objects.all():
        content = sent.pop(str(recording.pk))
        assert recording.filename == "call.wav"
        assert recording.sha256 == hashlib.sha256(content).hexdigest()
        assert b"".join(storage.read_range(recording.object_key)) == content
    assert sent == {}


def test_many_uploads_at_once_are_all_accepted(live, caller, stored):
    client = caller(live)

    def send(content):
        return client.post("recordings", content=content, headers=WAV).status_code

    with ThreadPoolExecutor(64) as clients:
        statuses = list(clients.map(send, numbered(64)))

    assert statuses == [202] * 64
    assert Recording.objects.count() == len(stored()[0]) == 64


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_a_packed_body_is_refused_and_never_unpacked(live, caller, stored, encoding):
    answer = caller(live).post("recordings", content=gzip.compress(CLIP), headers=WAV | {"Content-Encoding": encoding})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_content_type")
    assert answer.json()["param"] == "Content-Encoding"
    assert stored() == ([], [])
