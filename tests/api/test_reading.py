import pytest

from apps.analysis.scenarios import SCENARIOS
from tests.api.conftest import CARDS
from tests.api.making import SOUND, prepared, reported, transcribed
from tests.api.test_problems import is_problem


@pytest.fixture
def path(recording):
    return f"recordings/{recording['id']}"


# --- Transcripts ---------------------------------------------------------------------------------------------


def test_before_there_is_text_the_transcript_is_not_ready(api, path):
    is_problem(api.get(f"{path}/transcript"), 404, "transcript_not_ready")


def test_a_transcript_says_who_spoke_when_in_integer_milliseconds(api, path, recording):
    transcript = transcribed(recording["id"])

    body = api.get(f"{path}/transcript").json()

    utterances = body.pop("utterances")
    assert body == {
        "id": str(transcript.pk),
        "object": "transcript",
        "recording_id": recording["id"],
        "version": 1,
        "language_code": "en",
        "language_assumed": True,
        "engines": [{"provider": "pocketsphinx", "model": "en-us"}],
        "coverage": {"speech_ms": 60_000, "covered_ms": 59_000, "gaps": [{"start": 61_000, "end": 62_000}]},
        "text": "Good morning. Доброе утро & hello --> there.",
        "created_at": body["created_at"],
    }
    first, second = utterances
    assert first.pop("id") != second.pop("id")
    assert first == {
        "speaker": "A",
        "start": 0,
        "end": 1500,
        "text": "Good morning.",
        "confidence": 0.5,
        "words": [
            {"text": "Good", "start": 0, "end": 700, "confidence": 0.25},
            {"text": "morning.", "start": 700, "end": 1500, "confidence": None},
        ],
    }
    assert (second["confidence"], second["words"]) == (None, [])


def test_a_transcript_comes_as_a_file_too(api, path, recording):
    transcribed(recording["id"])

    txt, srt, vtt = (api.get(f"{path}/transcript?format={name}") for name in ("txt", "srt", "vtt"))

    assert txt["Content-Type"] == "text/plain; charset=utf-8"
    assert "[00:00:00] A: Good morning." in txt.content.decode()
    assert srt["Content-Type"].startswith("application/x-subrip")
    assert srt.content.decode().startswith("1\n00:00:00,000 --> ")
    assert vtt["Content-Type"].startswith("text/vtt")
    assert vtt.content.decode().startswith("WEBVTT\n")
    assert api.get(f"{path}/transcript?format=srt", If_None_Match=srt["ETag"]).status_code == 304


def test_an_unknown_format_is_named(api, path, recording):
    transcribed(recording["id"])

    is_problem(api.get(f"{path}/transcript?format=pdf"), 422, "invalid_field", "format")
    is_problem(api.get(f"{path}/transcript?fmt=srt"), 422, "unknown_field", "fmt")


def test_a_transcript_takes_a_constant_number_of_queries(api, path, recording, django_assert_num_queries):
    transcribed(recording["id"])

    with django_assert_num_queries(4):  # the key, the recording, the transcript, its utterances
        api.get(f"{path}/transcript")


# --- Reports -------------------------------------------------------------------------------------------------


def test_reports_show_findings_with_the_words_that_carry_them(api, path, recording):
    assert api.get(f"{path}/reports").json() == {"data": [], "has_more": False, "next_cursor": None}
    report = reported(recording["id"])

    (body,) = api.get(f"{path}/reports").json()["data"]

    assert body == api.get(f"reports/{report.pk}").json()
    assert (body["object"], body["type"], body["status"], body["error"]) == ("report", "summary", "ready", None)
    assert body["recording_id"] == recording["id"]
    assert body["scenario"] == {"key": "general", "version": 1}
    assert body["coverage"] == {"speech_ms": 60_000, "analysed_ms": 59_000}
    assert body["counts"] == {"verified": 1, "approximate": 0, "unsupported": 1}
    assert body["provenance"] == [{"provider": "local", "model": "local", "prompt_version": "1", "cost": "0"}]
    assert body["totals"] == {"words": 8}
    said, invented = body["findings"]
    (evidence,) = said["evidence"]
    text = api.get(f"{path}/transcript").json()["text"]
    assert (said["state"], evidence["state"], evidence["reason"]) == ("verified", "verified", None)
    assert text[evidence["char_start"] : evidence["char_end"]].startswith("Good morning")
    assert (invented["state"], invented["evidence"][0]["reason"]) == ("unsupported", "not_found")
    assert invented["evidence"][0]["start"] is None


def test_a_report_comes_as_markdown_too(api, recording):
    report = reported(recording["id"])

    answer = api.get(f"reports/{report.pk}?format=md")

    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.content.decode().startswith("# Summary")
    is_problem(api.get(f"reports/{report.pk}?format=pdf"), 422, "invalid_field", "format")


def test_an_unknown_report_is_not_there(api):
    is_problem(api.get("reports/0190a6c0-0000-7000-8000-000000000000"), 404, "report_not_found")


def test_scenarios_name_their_reports(api):
    body = api.get("scenarios").json()

    assert [row["key"] for row in body["data"]] == ["general", "interview", "design_audit", "call", "meeting"]
    assert (body["has_more"], body["next_cursor"]) == (False, None)
    for row in body["data"]:
        assert row["object"] == "scenario"
        assert [one["key"] for one in row["report_types"]] == [one.key for one in SCENARIOS[row["key"]].report_types]


# --- Audio ---------------------------------------------------------------------------------------------------


def test_before_the_audio_is_prepared_only_the_original_can_be_had(api, path):
    is_problem(api.get(f"{path}/audio"), 404, "audio_not_ready")
    assert api.get(f"{path}/audio?variant=original").whole == CARDS
    is_problem(api.get(f"{path}/audio?variant=peaks"), 422, "invalid_field", "variant")


def test_what_is_played_is_our_own_file(api, path, recording):
    prepared(recording["id"])

    answer = api.get(f"{path}/audio", Accept="audio/*")

    assert answer.status_code == 200
    assert (answer["Content-Type"], answer["Accept-Ranges"]) == ("audio/flac", "bytes")
    assert answer["Content-Length"] == str(len(SOUND))
    assert answer.whole == SOUND


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-100", len(SOUND) - 100, None),
        (f"bytes=10-{len(SOUND) * 2}", 10, None),
        (f"bytes={len(SOUND) - 1}-", len(SOUND) - 1, None),
    ],
)
def test_a_range_is_answered_with_that_part(api, path, recording, asked, start, end):
    prepared(recording["id"])
    end = end or len(SOUND)

    answer = api.get(f"{path}/audio", Range=asked)

    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{len(SOUND)}"
    assert answer["Content-Length"] == str(end - start)
    assert answer.whole == SOUND[start:end]


def test_a_range_beyond_the_end_is_a_problem_that_says_how_long_the_file_is(api, path, recording):
    prepared(recording["id"])

    answer = api.get(f"{path}/audio", Range=f"bytes={len(SOUND)}-")

    is_problem(answer, 416, "range_not_satisfiable", "Range")
    assert answer["Content-Range"] == f"bytes */{len(SOUND)}"


@pytest.mark.parametrize("asked", ["bytes=5-1", "bytes=-", "seconds=1-2", "bytes=0-1,4-5", "nonsense"])
def test_a_range_that_means_nothing_gets_everything(api, path, recording, asked):
    prepared(recording["id"])

    answer = api.get(f"{path}/audio", Range=asked)

    assert (answer.status_code, answer.whole) == (200, SOUND)


def test_a_range_of_an_older_file_gets_everything(api, path, recording):
    prepared(recording["id"])
    tag = api.get(f"{path}/audio")["ETag"]

    assert api.get(f"{path}/audio", Range="bytes=0-1", If_Range=tag).status_code == 206
    assert api.get(f"{path}/audio", Range="bytes=0-1", If_Range='"older"').status_code == 200


def test_head_tells_the_length_without_the_sound(api, path, recording):
    prepared(recording["id"])

    answer = api.client.head(f"/api/v1/{path}/audio")

    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, str(len(SOUND)), b"")


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("../../etc/x.wav", 'filename="x.wav"'),
        ("C:%5Cmusic%5Cx.wav", 'filename="x.wav"'),
        ("a%0D%0ASet-Cookie:b.wav", "Set-Cookie:b.wav"),
        ("запись.wav", "filename*=utf-8''%D0%B7%D0%B0%D0%BF%D0%B8%D1%81%D1%8C.wav"),
        ("", ".wav"),
    ],
)
def test_the_original_is_a_download_that_no_browser_opens(api, stored, name, offered):
    recording = api.send(query=f"?filename={name}").json()

    answer = api.get(f"recordings/{recording['id']}/audio?variant=original", Range="bytes=0-3")

    assert (answer.status_code, answer.whole) == (206, b"RIFF")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert offered in answer["Content-Disposition"]
    assert "\r" not in answer["Content-Disposition"]
