"""The page of one recording: what was made of it, safely shown, and what can be done."""

import json
import re

import pytest
from django.urls import reverse

from apps.accounts.models import AuditEntry
from apps.core import storage
from apps.pipeline.models import Kind, Run, Stage
from apps.recordings.models import Recording
from tests.factories import (
    PreparedAudioFactory,
    RecordingFactory,
    ReportFactory,
    RunFactory,
    StageFactory,
    TranscriptFactory,
    UtteranceFactory,
    evidence,
    finding,
)

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def url(name: str, recording: Recording, *more: object) -> str:
    return reverse(f"admin:recordings_recording_{name}", args=[recording.pk, *more])


def shown(client, recording: Recording) -> str:
    answer = client.get(url("change", recording))
    assert answer.status_code == 200
    return answer.content.decode()


def act(browser, recording: Recording, **fields: object) -> str:
    """Press a button and return the page that follows."""
    answer = browser.post(url("do", recording), fields, follow=True)
    assert answer.redirect_chain == [(url("change", recording), 302)]
    return answer.content.decode()


@pytest.fixture
def recording(workspace) -> Recording:
    """A finished recording with all that belongs to one."""
    recording = RecordingFactory(workspace=workspace, title="Lobby talk", metadata={"client": "Lindgren", "custom": 7})
    PreparedAudioFactory(recording=recording)
    transcript = TranscriptFactory(recording=recording, gaps=[{"start": 20_000, "end": 28_000}])
    for index, speaker in enumerate("ABA"):
        times = [index * 2000 + number for number in range(4)]
        words = [{"text": "word", "start": start, "end": start + 1, "confidence": None} for start in times]
        UtteranceFactory(transcript=transcript, index=index, speaker=speaker, words=words)
    lost = evidence("too loud", state="unsupported", reason="not_found", start=None, end=None, speaker=None)
    ReportFactory(
        transcript=transcript,
        body_md="# Top\n\nIt was **good**.",
        findings=[
            finding("Light", evidence("so much light"), text="They praise the light."),
            finding("Noise", lost, state="unsupported"),
        ],
        totals={"questions": 3, "speakers": [{"speaker": "A", "talk_ms": 3600, "share": 0.67}]},
        provenance=[{"provider": "local", "model": "lexrank"}],
    )
    run = RunFactory(recording=recording)
    for kind in Kind:
        StageFactory(run=run, kind=kind, index=0)
    return recording


def test_the_page_shows_everything_that_was_made(analyst, recording):
    page = shown(analyst, recording)

    for words in (
        "Lobby talk",
        "1:00",
        "2 speakers",
        "100 % of speech",
        "pocketsphinx en-us",
        "-23.4",
        "what is said here",
        'data-w="0,1,2,3"',
        "They praise the light.",
        "so much light",
        "<strong>good</strong>",
        "Not supported by the transcript",
        "not found in the transcript",
        "Written by local lexrank",
        "67%",
        "Transcribe a chunk 1",
        "Lindgren",
        "custom",
    ):
        assert words in page


def test_unsupported_claims_stand_apart_from_findings(analyst, recording):
    page = shown(analyst, recording)
    apart = page.index("Not supported by the transcript")

    assert page.index("so much light") < apart < page.index("too loud")
    assert 'data-play="1000" data-until="2500"' in page[:apart]


def test_a_gap_stands_where_it_is_with_what_can_be_done(analyst, client_of, recording):
    gap = shown(analyst, recording).split('class="vp-gap"')[1].split("</li>")[0]
    read = shown(client_of("viewer"), recording).split('class="vp-gap"')[1].split("</li>")[0]

    assert 'data-s="20000" data-e="28000"' in gap
    for action in ("gap_type", "gap_accept", "retry"):
        assert f'value="{action}"' in gap
        assert action not in read


@pytest.mark.parametrize("where", ["title", "filename", "metadata", "speaker", "text", "report", "detail"])
def test_text_is_escaped_wherever_it_comes_from(analyst, workspace, where):
    fields = {
        "title": {"title": ATTACK},
        "filename": {"filename": ATTACK},
        "metadata": {"metadata": {"client": ATTACK, ATTACK: ATTACK}},
        "detail": {
            "status": "error",
            "error_code": "corrupted_audio_file",
            "error_detail": ATTACK,
            "language_code": ATTACK[:35],
        },
    }.get(where, {})
    recording = RecordingFactory(workspace=workspace, **fields)
    PreparedAudioFactory(recording=recording, measures={"codec": ATTACK})
    transcript = TranscriptFactory(recording=recording)
    UtteranceFactory(transcript=transcript, speaker=ATTACK[:64] if where == "speaker" else "A", text=ATTACK)
    quote = evidence(ATTACK, speaker=ATTACK, utterance_ids=[ATTACK])
    ReportFactory(
        transcript=transcript,
        title=ATTACK,
        body_md=f"# {ATTACK}\n\n- {ATTACK}\n\n> {ATTACK}\n\n`{ATTACK}` **{ATTACK}** [x](javascript:alert(3))",
        findings=[finding(ATTACK, quote, text=ATTACK), finding(ATTACK, quote, state="unsupported", text=ATTACK)],
        totals={ATTACK: ATTACK, "rows": [{ATTACK: ATTACK}]},
        provenance=[{"provider": ATTACK, "model": ATTACK}],
    )
    page = shown(analyst, recording)

    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page)


def test_the_data_for_the_player_is_json_that_cannot_break_out(analyst, recording):
    page = shown(analyst, recording)
    data = json.loads(re.search(r'<script id="player-data" type="application/json">(.*?)</script>', page)[1])

    assert data["peaks"] == [10, 40, 100, 40, 10]
    assert data["audio"] == url("audio", recording)


def test_the_page_costs_the_same_for_three_utterances_and_for_three_hundred(
    analyst, recording, django_assert_num_queries
):
    queries = 14
    with django_assert_num_queries(queries):
        shown(analyst, recording)
    UtteranceFactory.create_batch(300, transcript=recording.transcripts.get())
    StageFactory.create_batch(30, run=recording.runs.get())
    with django_assert_num_queries(queries):
        shown(analyst, recording)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "queued", "stage": ""}, ["The transcript is on its way", "Waiting for a worker", "Cancel"]),
        ({"status": "processing", "stage": "transcribe", "progress": 42}, ["Transcribing", "42 %"]),
        ({"status": "canceled"}, ["There is no transcript", "There is no report", "Run again"]),
        (
            {"status": "error", "error_code": "corrupted_audio_file", "error_detail": "cannot be opened"},
            ["The file is damaged", "upload it again", "corrupted_audio_file", "cannot be opened", "Retry"],
        ),
        (
            {"status": "needs_attention", "error_code": "no_engine_for_language"},
            ["No speech engine that is switched on understands this language.", "Retry"],
        ),
        ({"status": "error", "error_code": "brand_new"}, ["no explanation here yet", "brand_new"]),
    ],
)
def test_an_unfinished_recording_says_what_is_going_on(analyst, workspace, fields, words):
    recording = RecordingFactory(workspace=workspace, duration_ms=None, **fields)
    page = shown(analyst, recording)

    for one in [*words, "This recording was never processed"]:
        assert one in page
    assert 'id="player"' not in page


def test_silence_is_told_from_missing_text(analyst, workspace):
    silent = TranscriptFactory(recording__workspace=workspace, text="", speech_ms=0, covered_ms=0).recording
    Recording.objects.filter(pk=silent.pk).update(warnings=["no_speech"])
    page = shown(analyst, silent)

    assert "Nobody speaks" in page
    assert "No speech" in page
    assert "Reports are written about speech." in page


def test_the_sound_is_served_in_ranges(analyst, workspace):
    recording = RecordingFactory(workspace=workspace)
    key = f"{recording.prefix}playback.flac"
    PreparedAudioFactory(recording=recording, playback_key=key)
    with storage.open_writer(key) as writer:
        writer.write(bytes(range(256)))
    answer = analyst.get(url("audio", recording), headers={"Range": "bytes=10-19"})

    assert answer.status_code == 206
    assert b"".join(answer.streaming_content) == bytes(range(10, 20))
    assert answer["Content-Type"] == "audio/flac"


def test_sound_that_is_gone_is_404_and_a_dead_storage_is_503(analyst, recording, settings):
    assert analyst.get(url("audio", recording)).status_code == 404
    assert analyst.get(url("original", recording)).status_code == 404

    broken = settings.STORAGES["default"]["OPTIONS"] | {"endpoint_url": "http://127.0.0.1:9"}
    settings.STORAGES = settings.STORAGES | {"default": settings.STORAGES["default"] | {"OPTIONS": broken}}
    answer = analyst.get(url("audio", recording))
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")


def test_the_original_is_a_download_and_never_a_page(analyst, workspace):
    recording = RecordingFactory(workspace=workspace, filename="запись.html", media_type="audio/mpeg")
    recording.object_key = f"{recording.prefix}original"
    recording.save(update_fields=["object_key"])
    with storage.open_writer(recording.object_key) as writer:
        writer.write(b"<script>")
    answer = analyst.get(url("original", recording))

    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"".join(answer.streaming_content) == b"<script>"


@pytest.mark.parametrize(
    ("name", "media_type", "beginning"),
    [
        ("txt", "text/plain", "[00:00:00] A: what is said here"),
        ("srt", "application/x-subrip", "1\n00:00:00,000"),
        ("vtt", "text/vtt", "WEBVTT"),
        ("json", "application/json", "{"),
    ],
)
def test_the_transcript_can_be_taken_away(analyst, recording, name, media_type, beginning):
    answer = analyst.get(url("transcript", recording, name))

    assert answer["Content-Type"].startswith(media_type)
    assert answer.content.decode().startswith(beginning)
    assert f'filename="Lobby talk.{name}"' in answer["Content-Disposition"]


def test_an_unknown_format_and_a_missing_transcript_are_404(analyst, recording, workspace):
    assert analyst.get(url("transcript", recording, "exe")).status_code == 404
    assert analyst.get(url("transcript", RecordingFactory(workspace=workspace), "txt")).status_code == 404


def test_a_report_can_be_taken_away(analyst, recording):
    report = recording.reports.get()
    answer = analyst.get(url("report", recording, report.pk))

    assert "so much light" in answer.content.decode()
    assert 'filename="Lobby talk - summary.md"' in answer["Content-Disposition"]


def test_a_person_describes_a_recording(analyst, recording):
    fields = {"title": "New", "scenario": "call", "language_code": "ru", "date": "2026-01-02", "tags": "vip, spa, vip"}
    page = act(analyst, recording, action="describe", **fields)
    recording.refresh_from_db()

    assert "Saved." in page
    assert (recording.title, recording.scenario, recording.language_code) == ("New", "call", "ru")
    assert recording.metadata == {"custom": 7, "date": "2026-01-02", "tags": ["vip", "spa"]}
    assert AuditEntry.objects.get(action="recording.describe").actor.startswith("staff:")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scenario": "dance"}, "Scenario"),
        ({"title": "x" * 301}, "Title"),
        ({"client": "a\x00b"}, "Client"),
        ({"language_code": "klingon"}, "Language"),
    ],
)
def test_a_wrong_detail_is_named_and_nothing_is_saved(analyst, recording, wrong, words):
    page = act(analyst, recording, action="describe", **({"title": "New", "scenario": "call"} | wrong))
    recording.refresh_from_db()

    assert f"{words}:" in page
    assert recording.title == "Lobby talk"


def test_a_language_that_is_not_offered_is_kept(analyst, recording):
    Recording.objects.filter(pk=recording.pk).update(language_code="cy-GB")
    act(analyst, recording, action="describe", title="Welsh", scenario="call", language_code="cy-GB")
    recording.refresh_from_db()

    assert (recording.title, recording.language_code) == ("Welsh", "cy-GB")


def test_a_recording_is_run_again_and_canceled(analyst, recording):
    act(analyst, recording, action="run", from_stage="prepare", ignore_cache="on")
    run = recording.runs.get(status=Run.Status.OPEN)
    assert (run.number, run.from_stage, run.ignore_cache) == (2, "prepare", True)
    assert "cancel that first" in act(analyst, recording, action="run")

    assert "Canceled" in act(analyst, recording, action="cancel")
    recording.refresh_from_db()
    assert recording.status == "canceled"
    assert "Nothing is being done" in act(analyst, recording, action="cancel")


def test_retry_begins_where_something_is_missing(analyst, recording):
    Recording.objects.filter(pk=recording.pk).update(status="needs_attention", error_code="report_failed")
    act(analyst, recording, action="retry")

    run = recording.runs.get(status=Run.Status.OPEN)
    assert run.from_stage == Kind.ANALYZE
    assert run.stages.filter(status=Stage.Status.READY).exists()


@pytest.mark.parametrize("action", ["gap_accept", "gap_type"])
def test_a_gap_is_closed_by_a_person(analyst, recording, action):
    fields = {"start_ms": 20_000, "end_ms": 28_000, "text": "the missing words", "speaker": "B"}
    act(analyst, recording, action=action, **fields)
    newest = recording.transcripts.order_by("-version").first()

    assert {"start": 20_000, "end": 28_000} not in newest.gaps
    assert newest.utterances.filter(text="the missing words", speaker="B").exists() == (action == "gap_type")
    assert AuditEntry.objects.filter(action=action.replace("_", ".")).exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "gap_accept", "start_ms": 1, "end_ms": 2}, "There is no such gap"),
        ({"action": "gap_accept"}, "times are missing"),
        ({"action": "gap_type", "start_ms": 20_000, "end_ms": 28_000, "text": " "}, "Type what is said"),
    ],
)
def test_a_wrong_gap_is_said(analyst, recording, fields, words):
    assert words in act(analyst, recording, **fields)


def test_only_known_actions_by_post_are_taken(analyst, recording):
    assert analyst.get(url("do", recording)).status_code == 405
    assert analyst.post(url("do", recording), {"action": "format_disk"}).status_code == 400


def test_the_live_answer_changes_when_there_is_more_to_read(analyst, recording):
    before = analyst.get(url("live_one", recording)).json()
    Recording.objects.filter(pk=recording.pk).update(status="processing", stage="analyze", progress=90)
    after = analyst.get(url("live_one", recording)).json()

    assert (before["running"], after["running"]) == (False, True)
    assert (after["progress"], after["stage"]) == (90, "Writing the reports")
    assert before["changed"] != after["changed"]


def test_a_page_for_nonsense_is_404(analyst):
    assert analyst.get("/admin/recordings/recording/nonsense/change/").status_code == 404
