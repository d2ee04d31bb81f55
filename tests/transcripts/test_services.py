import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.transcripts import services
from apps.transcripts.errors import InvalidGapError, TranscriptNotReadyError
from apps.transcripts.models import Transcript
from apps.transcripts.selectors import (
    speech_of,
    transcript_coverage,
    transcript_current,
    transcript_get,
    utterances_of,
)
from apps.transcripts.text import spans
from apps.transcripts.types import Coverage, Region, UtteranceDraft, UtteranceWord
from tests.making import make_recording, make_transcript

HELLO = UtteranceDraft("A", 0, 4_000, "Hello there.", 0.5, (UtteranceWord("Hello", 0, 900, 0.25),), channel=0)
BYE = UtteranceDraft("B", 20_000, 30_000, "Пока!", channel=0)


def test_a_saved_transcript_reads_as_it_was_written(recording):
    make_transcript(recording, HELLO, BYE, language_code="ru")

    transcript = transcript_get(recording=recording)

    assert (transcript.version, transcript.language_code, transcript.text) == (1, "ru", "Hello there. Пока!")
    assert transcript.engines == [{"provider": "pocketsphinx", "model": "en-us"}]
    utterances = utterances_of(transcript)
    assert [one.draft() for one in utterances] == [HELLO, BYE]
    assert utterances[0].words == [{"text": "Hello", "start": 0, "end": 900, "confidence": 0.25}]


def test_spans_say_where_in_the_text_an_utterance_begins(recording):
    transcript = make_transcript(recording, HELLO, BYE)

    starts = spans(one.text for one in utterances_of(transcript))

    assert [transcript.text[start : start + 4] for start in starts] == ["Hell", "Пока"]
    assert spans([]) == []


def test_coverage_is_kept_with_the_version(recording):
    transcript = make_transcript(recording, HELLO, BYE)

    assert transcript_coverage(transcript) == Coverage(30_000, 16_000, (Region(5_000, 19_000),))


def test_each_save_is_a_new_version_and_readers_get_the_newest(recording):
    make_transcript(recording, HELLO)
    newest = make_transcript(recording, BYE)

    assert newest.version == 2
    assert transcript_current(recording=recording) == newest
    assert Transcript.objects.filter(recording=recording).count() == 2


def test_versions_saved_at_the_same_time_have_different_numbers(transactional_db, workspace):
    recording = make_recording(workspace)

    def save():
        try:
            make_transcript(recording, HELLO)
        finally:
            connection.close()

    threads = [threading.Thread(target=save) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    versions = Transcript.objects.filter(recording=recording).order_by("version").values_list("version", flat=True)
    assert list(versions) == list(range(1, 9))


def test_saving_and_reading_take_as_many_queries_for_many_utterances_as_for_one(recording):
    def queries(count):
        drafts = [UtteranceDraft("A", n, n + 1, f"word {n}", channel=0) for n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            utterances_of(make_transcript(recording, *drafts))
        return len(captured)

    assert queries(3_000) == queries(1)


def test_before_anything_can_be_read_that_is_said(recording):
    assert transcript_current(recording=recording) is None
    with pytest.raises(TranscriptNotReadyError) as raised:
        transcript_get(recording=recording)
    assert (raised.value.code, raised.value.status) == ("transcript_not_ready", 404)


def test_an_empty_transcript_is_one_too(recording):
    transcript = make_transcript(recording)

    assert (transcript.text, utterances_of(transcript)) == ("", [])


def test_speech_is_known_per_channel_or_not_at_all(workspace):
    recording = make_recording(workspace, speech=[[(0, 10)], [(5, 7), (8, 9)]])
    assert speech_of(recording=recording) == [[Region(0, 10)], [Region(5, 7), Region(8, 9)]]

    recording.prepared.delete()
    assert speech_of(recording=recording) == []


def test_an_accepted_silence_is_no_gap_any_more(recording):
    before = make_transcript(recording, HELLO, BYE)

    after = services.silence_accept(recording=recording, transcript=before, start_ms=5_000, end_ms=19_000)

    assert (after.version, after.text) == (2, before.text)
    assert transcript_coverage(after) == Coverage(16_000, 16_000)
    assert [one.draft() for one in utterances_of(after)] == [HELLO, BYE]


def test_a_typed_gap_is_an_utterance_in_its_place(recording):
    before = make_transcript(recording, HELLO, BYE)

    after = services.utterance_add(
        recording=recording, transcript=before, start_ms=5_000, end_ms=19_000, text=" We\nagreed. ", speaker=" B "
    )

    assert after.text == "Hello there. We agreed. Пока!"
    assert transcript_coverage(after).gaps == ()
    typed = utterances_of(after)[1]
    assert (typed.speaker, typed.start_ms, typed.end_ms, typed.channel) == ("B", 5_000, 19_000, None)
    assert transcript_coverage(before).gaps == (Region(5_000, 19_000),)


def test_what_was_accepted_stays_accepted_when_more_is_typed(workspace):
    recording = make_recording(workspace, speech=[[(0, 10_000), (20_000, 30_000)]])
    first = make_transcript(recording)
    second = services.silence_accept(recording=recording, transcript=first, start_ms=0, end_ms=10_000)

    third = services.utterance_add(
        recording=recording, transcript=second, start_ms=20_000, end_ms=30_000, text="Yes.", speaker="A"
    )

    assert third.silences == [{"start": 0, "end": 10_000}]
    assert transcript_coverage(third) == Coverage(10_000, 10_000)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"text": " \x00 "}, "text"),
        ({"speaker": ""}, "speaker"),
        ({"start_ms": 5_000, "end_ms": 5_000}, "end"),
        ({"start_ms": -1}, "end"),
    ],
)
def test_a_gap_needs_words_a_speaker_and_a_length(recording, changes, param):
    transcript = make_transcript(recording, HELLO)
    typed = {"start_ms": 5_000, "end_ms": 6_000, "text": "Yes.", "speaker": "B"}

    with pytest.raises(InvalidGapError) as raised:
        services.utterance_add(recording=recording, transcript=transcript, **(typed | changes))

    assert raised.value.param == param
    assert transcript_current(recording=recording) == transcript
