import pytest
from django.test import RequestFactory

from apps.core import storage
from apps.core.ranges import ByteRange, range_response, requested_range

KEY = "tests/ranges/object"
BODY = bytes(range(256)) * 40


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("bytes=0-99", ByteRange(0, 100)),
        ("bytes=100-", ByteRange(100, 1000)),
        ("bytes=-100", ByteRange(900, 1000)),
        ("bytes=-5000", ByteRange(0, 1000)),
        ("bytes=900-5000", ByteRange(900, 1000)),
        ("bytes=1000-", ByteRange(1000, 1000)),
        ("bytes=-0", ByteRange(1000, 1000)),
        ("bytes=7-3", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("lines=0-9", None),
        ("bytes=\u0661-", None),
    ],
)
def test_a_range_header_is_read_as_the_standard_says(header, expected):
    assert requested_range(header, 1000) == expected


@pytest.fixture
def stored():
    with storage.open_writer(KEY, "audio/flac") as writer:
        writer.write(BODY)
    yield KEY
    storage.delete(KEY)


def answer(stored, method="get", **headers):
    request = getattr(RequestFactory(), method)("/audio", headers=headers)
    return range_response(request, key=stored, media_type="audio/flac")


def test_without_a_range_the_whole_object_is_sent(stored):
    response = answer(stored)

    assert response.status_code == 200
    assert b"".join(response) == BODY
    assert response["Accept-Ranges"] == "bytes"
    assert response["Content-Length"] == str(len(BODY))


def test_a_range_is_answered_with_206_and_its_bytes(stored):
    response = answer(stored, range="bytes=100-199")

    assert response.status_code == 206
    assert b"".join(response) == BODY[100:200]
    assert response["Content-Range"] == f"bytes 100-199/{len(BODY)}"
    assert response["Content-Length"] == "100"


def test_a_range_beyond_the_end_is_416(stored):
    response = answer(stored, range=f"bytes={len(BODY)}-")

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(BODY)}"


def test_a_head_request_gets_the_headers_alone(stored):
    response = answer(stored, "head", range="bytes=0-9")

    assert (response.status_code, response.content, response["Content-Length"]) == (206, b"", "10")


def test_a_range_of_an_older_object_is_answered_with_the_whole_new_one(stored):
    response = answer(stored, **{"range": "bytes=0-9", "if-range": '"older"'})

    assert response.status_code == 200
    assert len(b"".join(response)) == len(BODY)


@pytest.mark.parametrize("header", ["{tag}", 'W/{tag}, "other"', "*"])
def test_who_has_the_object_is_not_sent_it_again(stored, header):
    whole = range_response(RequestFactory().get("/"), key=stored, media_type="audio/flac")
    headers = {"If-None-Match": header.format(tag=whole["ETag"]), "Range": "bytes=0-9"}

    answer = range_response(RequestFactory().get("/", headers=headers), key=stored, media_type="audio/flac")

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", whole["ETag"])


def test_who_has_another_object_is_sent_this_one(stored):
    request = RequestFactory().get("/", headers={"If-None-Match": '"another"'})

    assert range_response(request, key=stored, media_type="audio/flac").status_code == 200


def test_a_download_names_its_file(stored):
    response = range_response(
        RequestFactory().get("/"), key=stored, media_type="audio/flac", filename="запись.flac", attachment=True
    )

    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["X-Content-Type-Options"] == "nosniff"
