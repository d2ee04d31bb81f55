"""A recording from upload to report, and everything that may happen on the way."""

import json

import pytest

from apps.core import storage
from apps.core.errors import TransientError
from apps.pipeline.errors import NothingToCancelError, RunOpenError, StageNotPossibleError, UnknownStageError
from apps.pipeline.models import Kind, Run, Stage
from apps.pipeline.services import claims, gaps, perform, runs
from apps.providers.errors import EngineRefusedError
from apps.providers.models import ProviderCall
from apps.recordings.models import Recording, Removal
from apps.recordings.services import removals_perform
from tests.fakes import engines

pytestmark = pytest.mark.django_db

CARDS = "en_cards_16k.wav"
CARDS_TEXT = "eight of spades four of clubs seven of hearts"


@pytest.fixture
def cards(submit, work) -> Recording:
    recording = submit(CARDS)
    work()
    recording.refresh_from_db()
    return recording


def objects_of(recording) -> list[str]:
    answer = storage.client().list_objects_v2(Bucket=storage.bucket(), Prefix=recording.prefix)
    return [item["Key"] for item in answer.get("Contents", [])]


def engine_calls(recording) -> int:
    return ProviderCall.objects.filter(subject_id=recording.pk, cached=False).count()


def test_a_recording_becomes_a_transcript_and_a_report(cards):
    transcript = cards.transcripts.get()
    assert (cards.status, cards.progress, cards.error_code) == (Recording.Status.COMPLETED, 100, "")
    assert transcript.text == CARDS_TEXT
    assert 3400 <= cards.duration_ms <= 3600
    assert 0 < cards.covered_ms <= cards.speech_ms
    assert [report.type for report in cards.reports.all()] == ["summary"]
    assert "local_analysis" in cards.warnings
    assert "language_assumed" in cards.warnings
    assert cards.completed_at is not None


def test_utterances_have_integer_times_inside_the_recording(cards):
    for utterance in cards.transcripts.get().utterances.all():
        assert 0 <= utterance.start_ms <= utterance.end_ms <= cards.duration_ms
        for word in utterance.words:
            assert isinstance(word["start"], int)
            assert 0 <= word["start"] <= word["end"] <= cards.duration_ms


def test_the_same_bytes_again_call_no_engine(cards, submit, work):
    again = submit(CARDS)
    work()

    again.refresh_from_db()
    assert again.duplicate_of == cards
    assert again.status == Recording.Status.COMPLETED
    assert again.transcripts.get().text == CARDS_TEXT
    assert engine_calls(again) == 0
    assert engine_calls(cards) == 2  # one chunk, one report


def test_russian_with_an_english_engine_needs_attention(submit, work):
    recording = submit(CARDS, language_code="ru")
    work()

    recording.refresh_from_db()
    assert recording.status == Recording.Status.NEEDS_ATTENTION
    assert recording.error_code == "no_engine_for_language"
    assert engine_calls(recording) == 0


def test_a_two_channel_call_has_two_speakers(submit, work, call):
    recording = submit(call, scenario="call")
    work()

    utterances = recording.transcripts.get().utterances.all()
    assert {utterance.speaker for utterance in utterances} == {"A", "B"}
    assert {report.type for report in recording.reports.all()} == {"summary", "conversation"}


def test_other_speakers_than_announced_are_warned_about(submit, work):
    recording = submit(CARDS, speakers_expected=2)
    work()

    recording.refresh_from_db()
    assert "speakers_uncertain" in recording.warnings


def test_a_cancel_stops_the_run_and_a_new_run_completes(submit, work, actor):
    recording = submit(CARDS)
    claim = claims.stage_claim(stage_id=recording.runs.get().stages.get().pk)

    runs.recording_cancel(recording=recording, actor=actor)

    recording.refresh_from_db()
    assert recording.status == Recording.Status.CANCELED
    assert not claims.claim_settle(claim=claim, status=Stage.Status.DONE)
    with pytest.raises(NothingToCancelError):
        runs.recording_cancel(recording=recording, actor=actor)

    runs.recording_rerun(recording=recording, actor=actor)
    work()
    recording.refresh_from_db()
    assert recording.status == Recording.Status.COMPLETED


@pytest.mark.parametrize("kind", list(Kind))
def test_a_run_from_any_stage_gives_the_same_text_and_pays_nothing_twice(cards, work, actor, kind):
    runs.recording_rerun(recording=cards, actor=actor, from_stage=kind)
    work()

    cards.refresh_from_db()
    assert cards.status == Recording.Status.COMPLETED
    assert cards.transcripts.newest_first()[0].text == CARDS_TEXT
    assert engine_calls(cards) == 2


def test_a_run_that_ignores_earlier_answers_asks_again(cards, work, actor):
    runs.recording_rerun(recording=cards, actor=actor, from_stage=Kind.TRANSCRIBE, ignore_cache=True)
    work()

    assert engine_calls(cards) == 4


def test_one_run_at_a_time(submit, actor):
    with pytest.raises(RunOpenError):
        runs.recording_rerun(recording=submit(CARDS), actor=actor)


def test_a_run_cannot_begin_where_nothing_is(submit, actor):
    recording = submit(CARDS)
    runs.recording_cancel(recording=recording, actor=actor)

    for kind in (Kind.TRANSCRIBE, Kind.ASSEMBLE, Kind.ANALYZE):
        with pytest.raises(StageNotPossibleError):
            runs.recording_rerun(recording=recording, actor=actor, from_stage=kind)
    with pytest.raises(UnknownStageError):
        runs.recording_rerun(recording=recording, actor=actor, from_stage="polish")
    assert recording.runs.count() == 1


def test_a_deleted_recording_leaves_no_row_and_no_object(cards, actor, settings):
    runs.recording_delete(recording=cards, actor=actor)
    removals_perform()

    assert objects_of(cards) == []
    assert not Recording.objects.filter(pk=cards.pk).exists()
    assert not Stage.objects.exists()
    assert CARDS_TEXT not in json.dumps(list(ProviderCall.objects.values("raw_answer")), default=str)
    assert Removal.objects.count() >= 1  # a straggler may still write; later passes follow


def test_a_stage_in_work_when_its_recording_is_deleted_saves_nothing(submit, actor):
    recording = submit(CARDS)
    stage = recording.runs.get().stages.get()
    step = perform.STEPS[Kind.PREPARE]

    class DeletedMeanwhile:
        def compute(self, claim):
            outcome = step.compute(claim)
            runs.recording_delete(recording=recording, actor=actor)
            return outcome

    perform.STEPS[Kind.PREPARE] = DeletedMeanwhile()
    try:
        perform.stage_perform(stage_id=stage.pk)
    finally:
        perform.STEPS[Kind.PREPARE] = step

    assert not Recording.objects.exists()
    assert not Stage.objects.exists()


def test_a_hint_for_a_stage_that_is_gone_is_a_no_op(workspace):
    perform.stage_perform(stage_id=workspace.pk)


def test_a_settled_stage_is_not_done_again(cards):
    before = list(Stage.objects.order_by("pk").values("pk", "attempts", "lease_token"))
    for stage in Stage.objects.all():
        perform.stage_perform(stage_id=stage.pk)

    assert list(Stage.objects.order_by("pk").values("pk", "attempts", "lease_token")) == before


def test_a_stage_that_kills_its_workers_ends_as_poison(submit, settings):
    recording = submit(CARDS)
    stage = recording.runs.get().stages.get()
    Stage.objects.filter(pk=stage.pk).update(attempts=settings.STAGE_MAX_ATTEMPTS)

    perform.stage_perform(stage_id=stage.pk)

    recording.refresh_from_db()
    assert (recording.status, recording.error_code) == (Recording.Status.ERROR, "poison")


def test_waiting_for_somebody_else_costs_no_attempt(submit):
    stage = submit(CARDS).runs.get().stages.get()

    class WaitingError(TransientError):
        counts = False

    claim = claims.stage_claim(stage_id=stage.pk)
    perform.Performer(frozenset, 0).postpone(claim, WaitingError(retry_after=2))

    stage.refresh_from_db()
    assert (stage.status, stage.attempts) == (Stage.Status.READY, 0)


def test_an_unreachable_storage_postpones_the_stage(submit, settings):
    recording = submit(CARDS)
    stage = recording.runs.get().stages.get()
    Recording.objects.update(object_key="nowhere/at/all")

    perform.stage_perform(stage_id=stage.pk)

    stage.refresh_from_db()
    recording.refresh_from_db()
    assert stage.status == Stage.Status.FAILED  # a missing object is for ever, unlike a missing storage
    assert (recording.status, recording.error_code) == (Recording.Status.ERROR, "object_missing")


def test_characters_that_no_database_takes_do_not_stop_a_recording(submit, work, settings):
    settings.SPEECH_ENGINES = ["tests.fakes.engines.build_speech"]
    engines.SPEECH.then({"words": [["one\0", 0, 1000], ["two\ud800", 1000, 3000]]})
    recording = submit(CARDS, language_code="en")
    work()

    recording.refresh_from_db()
    assert recording.status == Recording.Status.COMPLETED
    assert recording.transcripts.get().text == "one two"


def test_a_reason_of_any_length_and_kind_is_kept(submit, work, settings):
    settings.SPEECH_ENGINES = ["tests.fakes.engines.build_speech"]
    engines.SPEECH.then(EngineRefusedError("no\0" + "o" * 1000))
    recording = submit(CARDS, language_code="en")
    work()

    stage = Stage.objects.get(kind=Kind.TRANSCRIBE)
    assert (stage.status, stage.error_code, stage.error_detail) == ("failed", "engine_refused", "n" + "o" * 499)
    recording.refresh_from_db()
    assert recording.status == Recording.Status.NEEDS_ATTENTION


def test_a_failed_report_keeps_the_transcript(submit, work, settings):
    settings.LANGUAGE_ENGINES = []
    recording = submit(CARDS)
    work()

    recording.refresh_from_db()
    assert (recording.status, recording.error_code) == (Recording.Status.NEEDS_ATTENTION, "report_failed")
    assert recording.transcripts.get().text == CARDS_TEXT


def test_silence_completes_with_an_empty_transcript(submit, work, silence):
    recording = submit(silence)
    work()

    recording.refresh_from_db()
    transcript = recording.transcripts.get()
    assert recording.status == Recording.Status.COMPLETED
    assert (recording.speech_ms, recording.covered_ms) == (0, 0)
    assert "no_speech" in recording.warnings
    assert transcript.text == ""


class TestAGap:
    @pytest.fixture
    def gap(self, submit, work, settings) -> Recording:
        """Speech that no engine heard anything in."""
        settings.SPEECH_ENGINES = ["tests.fakes.engines.build_deaf"]
        recording = submit(CARDS)
        work()
        recording.refresh_from_db()
        return recording

    def test_is_needs_attention(self, gap):
        assert (gap.status, gap.error_code) == (Recording.Status.NEEDS_ATTENTION, "coverage_incomplete")
        assert gap.gaps
        assert gap.covered_ms == 0

    def test_may_be_accepted_as_silence(self, gap, work, actor):
        for one in list(gap.gaps):
            gaps.gap_accept(recording=gap, actor=actor, start_ms=one["start"], end_ms=one["end"])
            work()

        gap.refresh_from_db()
        assert (gap.status, gap.error_code) == (Recording.Status.COMPLETED, "")

    def test_accepted_as_silence_stays_so_in_a_new_run(self, gap, work, actor):
        for one in list(gap.gaps):
            gaps.gap_accept(recording=gap, actor=actor, start_ms=one["start"], end_ms=one["end"])
            work()
        runs.recording_rerun(recording=gap, actor=actor)
        work()

        gap.refresh_from_db()
        assert (gap.status, gap.gaps) == (Recording.Status.COMPLETED, [])

    def test_may_be_typed(self, gap, work, actor):
        for one in list(gap.gaps):
            gaps.gap_type(
                recording=gap, actor=actor, start_ms=one["start"], end_ms=one["end"], text="seven", speaker="A"
            )
            work()

        gap.refresh_from_db()
        assert (gap.status, gap.error_code) == (Recording.Status.COMPLETED, "")
        assert "seven" in gap.transcripts.newest_first()[0].text
        assert gap.reports.exists()

    def test_may_be_retried_with_an_engine_that_hears(self, gap, work, actor, settings):
        settings.SPEECH_ENGINES = ["apps.providers.adapters.pocketsphinx.build"]
        run = runs.recording_retry(recording=gap, actor=actor)
        work()

        gap.refresh_from_db()
        assert run.from_stage == Kind.TRANSCRIBE
        assert gap.status == Recording.Status.COMPLETED
        assert gap.transcripts.newest_first()[0].text == CARDS_TEXT


def test_every_run_ends_closed(cards):
    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.DONE}
