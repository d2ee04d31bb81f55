import hashlib
import io
import json
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.test import override_settings

from apps.core import storage
from apps.pipeline.models import Stage
from apps.recordings.models import Recording
from tests.api.conftest import CARDS, CLIPS
from tests.api.test_problems import is_problem

FIELDS = {
    *("id", "object", "status", "stage", "progress", "title", "filename", "size_bytes", "sha256", "duration_ms"),
    *("language_code", "scenario", "metadata", "coverage", "cost", "error", "created_at", "completed_at"),
    *("duplicate_of", "warnings", "speakers_expected", "keyterms"),
}


def test_the_bytes_alone_are_enough(api, stored):
    answer = api.send()

    body = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/recordings/{body['id']}"
    assert set(body) == FIELDS
    assert body | {"created_at": None} == {
        "id": body["id"],
        "object": "recording",
        "status": "queued",
        "stage": "prepare",
        "progress": 0,
        "title": "",
        "filename": "",
        "size_bytes": len(CARDS),
        "sha256": hashlib.sha256(CARDS).hexdigest(),
        "duration_ms": None,
        "language_code": None,
        "scenario": "general",
        "speakers_expected": None,
        "keyterms": [],
        "metadata": {},
        "duplicate_of": None,
        "coverage": None,
        "warnings": [],
        "cost": {"estimated": "0.000000", "actual": "0.000000", "currency": "USD"},
        "error": None,
        "created_at": None,
        "completed_at": None,
    }
    assert api.get(answer["Location"]).json() == body


def test_the_file_lies_in_storage_under_ids_only_and_is_what_was_sent(api, stored, workspace):
    body = api.send(query="?filename=../../etc/passwd").json()

    assert stored() == [f"{workspace.pk}/{body['id']}/original"]
    assert b"".join(storage.read_range(stored()[0])) == CARDS
    assert Stage.objects.get().kind == "prepare"


@pytest.mark.parametrize("content_type", ["audio/wav", "video/mp4", "application/octet-stream", "AUDIO/X-WAV; x=y", ""])
def test_a_raw_body_may_have_any_of_these_types(api, stored, content_type):
    assert api.send(content_type=content_type).status_code == 202


def test_fields_of_a_raw_body_stand_in_the_query(api, stored):
    query = (
        "?title=Call+7&filename=call.mp3&scenario=call&language_code=ru_ru&speakers_expected=2"
        "&keyterms[]=Anna&keyterms=B%C3%B6rse&metadata=%7B%22place%22%3A%20%22%D0%91%D0%B0%D1%80%22%7D"
    )

    body = api.send(query=query).json()

    assert body["title"] == "Call 7"
    assert body["filename"] == "call.mp3"
    assert body["scenario"] == "call"
    assert body["language_code"] == "ru-RU"
    assert body["speakers_expected"] == 2
    assert body["keyterms"] == ["Anna", "Börse"]
    assert body["metadata"] == {"place": "Бар"}


def test_a_form_carries_the_same_fields_before_or_after_the_file(api, stored):
    for order in ("title", "zzz"):
        fields = {"file": SimpleUploadedFile("talk.wav", CARDS), "title": "Talk", "keyterms[]": ["a", "b"]}
        body = api.send_form(dict(sorted(fields.items(), reverse=order == "title"))).json()

        assert (body["title"], body["filename"], body["keyterms"]) == ("Talk", "talk.wav", ["a", "b"])


@pytest.mark.parametrize("clip", sorted(path.name for path in CLIPS.glob("en_*")))
def test_every_clip_is_accepted_by_its_content(api, stored, clip):
    assert api.send((CLIPS / clip).read_bytes(), query="?filename=looks.like.txt").status_code == 202


def test_the_same_bytes_again_are_a_new_recording_that_names_the_first(api, stored, stranger):
    first, second, third = (api.send().json() for _ in range(3))

    assert first["duplicate_of"] is None
    assert second["duplicate_of"] == third["duplicate_of"] == first["id"]
    assert len({first["id"], second["id"], third["id"]}) == 3
    elsewhere = stranger.send().json()
    assert elsewhere["duplicate_of"] is None
    storage.delete_prefix(Recording.objects.get(pk=elsewhere["id"]).prefix)


NOT_AUDIO = {
    "text": b"This is a plain text file, quite long enough to be looked at.",
    "html": b"<!DOCTYPE html><html><body><audio src='x.mp3'></audio></body></html>",
    "png": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200),
    "zip": b"PK\x03\x04" + bytes(200),
    "gzip": b"\x1f\x8b\x08" + bytes(200),
    "pdf": b"%PDF-1.7\n" + bytes(200),
    "exe": b"MZ\x90\x00" + bytes(200),
    "hls playlist": b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n",
    "concat script": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "concat without header": b"file '/etc/passwd'\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\n",
    "dash": b"<?xml version='1.0'?><MPD></MPD>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "avi-like riff": b"RIFF\x10\x00\x00\x00AVI LIST" + bytes(100),
    "one byte": b"R",
    "zeros": bytes(70_000),
}


@pytest.mark.parametrize("kind", NOT_AUDIO)
@pytest.mark.parametrize("as_form", [False, True])
def test_what_is_not_audio_is_refused_under_any_name_and_leaves_nothing(api, stored, kind, as_form):
    content = NOT_AUDIO[kind]
    if as_form:
        answer = api.send_form({"file": SimpleUploadedFile("song.mp3", content, content_type="audio/mpeg")})
    else:
        answer = api.send(content, content_type="audio/mpeg", query="?filename=song.mp3")

    is_problem(answer, 415, "unsupported_media", "file")
    assert stored() == []
    assert not Recording.objects.exists()


def test_an_empty_file_is_refused(api, stored):
    is_problem(api.send(b""), 422, "empty_file", "file")
    is_problem(api.send_form({"file": SimpleUploadedFile("a.wav", b"")}), 422, "empty_file", "file")
    assert stored() == []


@override_settings(UPLOAD_MAX_BYTES=50_000)
def test_a_file_that_is_too_big_is_refused_as_soon_as_that_is_known(api, stored):
    is_problem(api.send(), 413, "file_too_large", "file")
    is_problem(api.send_form({"file": SimpleUploadedFile("a.wav", CARDS)}), 413, "file_too_large", "file")
    assert stored() == []


def test_a_form_needs_one_file(api, stored):
    is_problem(api.send_form({"title": "x"}), 422, "file_missing", "file")
    is_problem(api.send_form({"audio": SimpleUploadedFile("a.wav", CARDS)}), 422, "file_unexpected", "audio")
    twice = {"file": [SimpleUploadedFile("a.wav", CARDS), SimpleUploadedFile("b.wav", CARDS)]}
    is_problem(api.send_form(twice), 422, "file_unexpected", "file")
    assert stored() == []


def test_a_broken_form_is_said_so(api, stored):
    for body, content_type in [
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data; boundary=x"),
        (b"anything", "multipart/form-data"),
    ]:
        is_problem(api.send(body, content_type=content_type), 400, "multipart_malformed")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "image/png"]
)
def test_another_content_type_is_refused_before_the_body_is_read(api, stored, content_type):
    answer = api.send(b'{"audio_url": "https://example.org/a.mp3"}', content_type=content_type)

    is_problem(answer, 415, "unsupported_content_type")


WRONG = [
    ("scenario", "opera", "unknown_scenario"),
    ("scenario", "", "invalid_field"),
    ("language_code", "klingonish", "unknown_language"),
    ("language_code", "xx", "unknown_language"),
    ("language_code", "und", "unknown_language"),
    ("language_code", "en\x00", "unknown_language"),
    ("speakers_expected", "0", "invalid_field"),
    ("speakers_expected", "21", "invalid_field"),
    ("speakers_expected", "two", "invalid_field"),
    ("keyterms", "x" * 101, "invalid_field"),
    ("keyterms", "a\x00b", "invalid_field"),
    ("metadata", "not json", "invalid_field"),
    ("metadata", "[1]", "invalid_field"),
    ("metadata", '"text"', "invalid_field"),
    ("metadata", "null", "invalid_field"),
    ("metadata", '{"a": NaN}', "invalid_field"),
    ("metadata", '{"a": 1e999}', "invalid_field"),
    ("metadata", '{"a": "\\u0000"}', "invalid_field"),
    ("metadata", '{"\\u0000": 1}', "invalid_field"),
    ("metadata", '{"a": "\\ud800"}', "invalid_field"),
    ("metadata", json.dumps({"a": "x" * 16_384}), "invalid_field"),
    ("metadata", '{"a":' * 5_000 + "1" + "}" * 5_000, "invalid_field"),
    ("title", "x" * 301, "invalid_field"),
    ("webhook_url", "https://example.org", "unknown_field"),
    ("langauge_code", "en", "unknown_field"),
    ("status", "completed", "unknown_field"),
]


@pytest.mark.parametrize(
    ("name", "value", "code"), WRONG, ids=[f"{name}-{number}" for number, (name, *_) in enumerate(WRONG)]
)
def test_a_wrong_field_is_named_and_leaves_nothing(api, stored, name, value, code):
    is_problem(api.send_form({"file": SimpleUploadedFile("a.wav", CARDS), name: value}), 422, code, name)
    is_problem(api.send(query=f"?{urlencode({name: value})}"), 422, code, name)
    assert stored() == []
    assert not Recording.objects.exists()


def test_too_many_keyterms_are_refused(api, stored):
    query = "?" + "&".join(f"keyterms[]={number}" for number in range(101))

    is_problem(api.send(query=query), 422, "invalid_field", "keyterms")


def test_a_field_that_stands_twice_is_refused(api, stored):
    is_problem(api.send(query="?title=a&title=b"), 422, "invalid_field", "title")


def test_the_query_is_checked_before_the_body_is_read(api, stored):
    class Unreadable(io.BytesIO):
        def read(self, *_size):
            raise AssertionError("the body was read")

    answer = api.client.generic(
        "POST", "/api/v1/recordings?scenario=opera", content_type="audio/wav", **{"wsgi.input": Unreadable()}
    )

    is_problem(answer, 422, "unknown_scenario", "scenario")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("a\x00b.wav", "a\\u0000b.wav"),
        ("a\r\nSet-Cookie: x.wav", "a\\u000d\\u000aSet-Cookie: x.wav"),
        ("gpj.\u202ewav.mp3", "gpj.\\u202ewav.mp3"),
        ("<svg onload=alert(1)>.wav", "<svg onload=alert(1)>.wav"),
        ("запись 😀.wav", "запись 😀.wav"),
    ],
)
def test_odd_names_are_kept_as_text_that_shows_what_it_is(api, stored, name, shown):
    body = api.send(query=f"?filename={quote(name)}&title={quote(name)}").json()

    assert (body["filename"], body["title"]) == (shown, shown)


def test_a_long_name_loses_its_middle(api, stored):
    body = api.send(query=f"?filename={'x' * 300}.wav").json()

    assert len(body["filename"]) == 255
    assert body["filename"].endswith("x.wav")


def test_a_client_that_goes_away_leaves_nothing(api, stored):
    answer = api.client.generic(
        "POST", "/api/v1/recordings", CARDS[:1000], content_type="audio/wav", CONTENT_LENGTH=str(len(CARDS))
    )

    is_problem(answer, 400, "body_incomplete")
    assert stored() == []
    assert not Recording.objects.exists()


def test_a_failure_to_note_the_recording_takes_the_file_along(api, stored, workspace):
    def refuse(execute, sql, *arguments):
        if sql.startswith('INSERT INTO "pipeline_run"'):
            raise IntegrityError("no run today")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse):
        answer = api.send()

    is_problem(answer, 500, "internal_error")
    assert stored() == []
    assert not Recording.objects.exists()


def test_accepting_takes_a_constant_number_of_queries(api, stored, django_assert_max_num_queries):
    api.send()  # the key's last use is noted once a minute

    with django_assert_max_num_queries(13):
        api.send(query="?metadata=%7B%7D&keyterms=a&keyterms=b")


def test_a_wrong_field_after_a_large_file_leaves_no_parts(api, stored):
    """Nine megabytes are more than one part: the upload to the storage has begun when the field comes."""
    boundary = b"x7"
    body = (
        b'--x7\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        + CARDS
        + bytes(9 * 1024 * 1024)
        + b'\r\n--x7\r\nContent-Disposition: form-data; name="scenario"\r\n\r\nopera\r\n--x7--\r\n'
    )

    answer = api.send(body, content_type=f"multipart/form-data; boundary={boundary.decode()}")

    is_problem(answer, 422, "unknown_scenario", "scenario")
    assert stored() == []


@pytest.fixture
def no_storage(settings):
    """An object storage that refuses connections."""
    default = settings.STORAGES["default"]
    options = default["OPTIONS"] | {"endpoint_url": "http://127.0.0.1:1"}
    settings.STORAGES = settings.STORAGES | {"default": default | {"OPTIONS": options}}


def test_without_storage_nothing_is_accepted_and_the_caller_may_try_again(api, db, no_storage):
    answer = api.send()

    problem = is_problem(answer, 503, "storage_unavailable")
    assert problem["retryable"]
    assert int(answer["Retry-After"]) > 0
    assert "127.0.0.1" not in problem["detail"]
    assert not Recording.objects.exists()


def test_what_is_stored_cannot_be_heard_while_the_storage_is_away(api, recording, no_storage):
    is_problem(api.get(f"recordings/{recording['id']}/audio?variant=original"), 503, "storage_unavailable")
    assert api.get(f"recordings/{recording['id']}").status_code == 200
