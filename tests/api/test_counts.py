"""What a request costs, counted: statements, commits, calls of the storage, bytes read from it."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import storage
from apps.core.storage import PART_BYTES
from tests.api.conftest import CARDS
from tests.api.making import SOUND, prepared


@contextmanager
def storage_calls():
    """The operations that are called meanwhile, each with the bytes that its answer carries."""
    events, calls = storage.client().meta.events, []

    def note(model, parsed, **_event):
        calls.append((model.name, parsed.get("ContentLength", 0)))

    events.register("after-call.s3", note)
    try:
        yield calls
    finally:
        events.unregister("after-call.s3", note)


@pytest.mark.parametrize(
    ("size", "operations"),
    [
        (len(CARDS), ["PutObject"]),
        (1_000_000, ["PutObject"]),
        (PART_BYTES, ["PutObject"]),
        (PART_BYTES + 1, ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"]),
        (3 * PART_BYTES, ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]),
    ],
)
def test_an_upload_costs_one_call_of_the_storage_or_one_for_each_part_and_two(api, stored, size, operations):
    with storage_calls() as calls:
        assert api.send(CARDS.ljust(size, b"\0")[:size]).status_code == 202

    assert [name for name, _ in calls] == operations


def test_a_refused_upload_costs_none(api, stored):
    with storage_calls() as calls:
        assert api.send(b"<html>" * 1000).status_code == 415
        assert api.send(query="?scenario=opera").status_code == 422

    assert calls == []


def test_an_upload_costs_one_commit_and_few_statements(api, stored, transactional_db):
    api.send()  # the key's last use is noted once a minute

    with CaptureQueriesContext(connection) as captured:
        assert api.send().status_code == 202

    statements = [query["sql"] for query in captured.captured_queries]
    assert [one for one in statements if one in {"BEGIN", "COMMIT"}] == ["BEGIN", "COMMIT"]
    assert len(statements) <= 11, statements


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=0-0", 1), ("bytes=1000-1999", 1000), ("bytes=-5", 5), (None, len(SOUND))]
)
def test_a_range_reads_from_the_storage_what_it_answers_and_no_more(api, recording, header, size):
    prepared(recording["id"])

    with storage_calls() as calls:
        answer = api.get(f"recordings/{recording['id']}/audio", **({"Range": header} if header else {}))

    assert len(answer.whole) == size
    assert [name for name, _ in calls] == ["HeadObject", "GetObject"]
    assert calls[1] == ("GetObject", size)


def test_asking_for_the_size_or_for_nothing_reads_nothing(api, recording):
    prepared(recording["id"])
    address = f"/api/v1/recordings/{recording['id']}/audio"

    with storage_calls() as calls:
        assert api.client.head(address).status_code == 200
        assert api.get(address, Range=f"bytes={len(SOUND)}-").status_code == 416

    assert [name for name, _ in calls] == ["HeadObject", "HeadObject"]
