"""The gateway and its ledger, one call after the other."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from apps.accounts import services as accounts
from apps.providers import selectors, services
from apps.providers.errors import (
    CallInFlightError,
    CallUnsettledError,
    EngineAmbiguousError,
    EngineAnswerError,
    EngineAuthError,
    EngineBadInputError,
    EngineQuotaError,
    EngineRateLimitedError,
    EngineRefusedError,
    EngineStoppedError,
    EngineTimeoutError,
    EngineTooLargeError,
    EngineUnavailableError,
    NoEngineForLanguageError,
    NoEngineForReportError,
    SubjectForgottenError,
)
from apps.providers.models import ProviderCall
from apps.providers.types import Engine, LanguageRequest, Line, Operation, SpeechRequest
from tests.fakes import engines

Status = ProviderCall.Status


def rows() -> list[tuple[str, bool, int]]:
    return list(ProviderCall.objects.order_by("started_at", "pk").values_list("status", "cached", "attempt"))


def abandon_open_calls() -> None:
    ProviderCall.objects.filter(status=Status.IN_FLIGHT).update(lease_until=Now() - timedelta(seconds=1))


def test_a_call_is_written_down_with_what_it_used(workspace, fake_speech, transcribe):
    subject_id = uuid4()

    outcome = transcribe(subject_id=subject_id, purpose="4")

    assert [segment.text for segment in outcome.transcription.segments] == ["one two three"]
    assert (outcome.provider, outcome.model, outcome.cached) == ("fake", "instant", False)
    call = selectors.calls_of(workspace_id=workspace.pk, subject_id=subject_id).get()
    assert (call.pk, call.status, call.attempt, call.purpose) == (outcome.call_id, Status.OK, 1, "4")
    assert (call.operation, call.units, call.cost, call.currency) == ("stt", {"audio_ms": 3000}, 0, "USD")
    assert call.provider_request_id == "request-1"
    assert call.started_at <= call.finished_at


def test_the_same_question_again_is_not_asked_again(fake_speech, transcribe):
    first = transcribe()

    again = transcribe(purpose="7")

    assert again.cached
    assert again.transcription == first.transcription
    assert again.call_id != first.call_id
    assert len(fake_speech.asked) == 1
    assert rows() == [(Status.OK, False, 1), (Status.OK, True, 1)]
    assert ProviderCall.objects.get(cached=True).cost == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"content_key": "sound-2"},
        {"cache_scope": "run-2"},
        {"request": SpeechRequest(Path("x"), 3000, "en", speakers_expected=2)},
        {"request": SpeechRequest(Path("x"), 3000, "en", keyterms=("VoxPersona",))},
        {"request": SpeechRequest(Path("x"), 3000, "fr")},
    ],
)
def test_another_question_is_asked(fake_speech, transcribe, changes):
    transcribe()

    assert not transcribe(**changes).cached
    assert len(fake_speech.asked) == 2


def test_another_version_of_an_engine_is_asked_again(fake_speech, transcribe, monkeypatch):
    transcribe()

    monkeypatch.setattr(fake_speech, "engine", Engine(Operation.STT, "fake", "instant", "2"))

    assert not transcribe().cached


def test_answers_do_not_cross_workspaces(fake_speech, transcribe):
    other = accounts.workspace_create(name="other", title="Other")
    transcribe()

    assert not transcribe(workspace_id=other.pk).cached
    assert len(fake_speech.asked) == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (EngineAuthError(), Status.FAILED),
        (EngineQuotaError(), Status.FAILED),
        (EngineRateLimitedError(retry_after=7), Status.FAILED),
        (EngineUnavailableError(), Status.FAILED),
        (EngineBadInputError(), Status.FAILED),
        (EngineTooLargeError(), Status.FAILED),
        (EngineRefusedError(), Status.FAILED),
        (EngineStoppedError(), Status.FAILED),
        (EngineTimeoutError(), Status.UNKNOWN),
        (EngineAmbiguousError(), Status.UNKNOWN),
    ],
)
def test_the_ledger_says_what_a_failure_means_for_the_money(fake_speech, transcribe, error, status):
    fake_speech.then(error)

    with pytest.raises(type(error)) as caught:
        transcribe()

    assert caught.value.retry_after == error.retry_after
    call = ProviderCall.objects.get()
    assert (call.status, call.error_code) == (status, error.code)


def test_a_failed_call_is_repeated_with_the_next_attempt(fake_speech, transcribe):
    for _ in range(3):
        fake_speech.then(EngineUnavailableError())
        with pytest.raises(EngineUnavailableError):
            transcribe()

    transcribe()

    assert rows() == [(Status.FAILED, False, n) for n in (1, 2, 3)] + [(Status.OK, False, 4)]


def test_an_unknown_outcome_is_repeated_once_by_itself(fake_speech, transcribe):
    for _ in range(2):
        fake_speech.then(EngineTimeoutError())
        with pytest.raises(EngineTimeoutError):
            transcribe()

    with pytest.raises(CallUnsettledError):
        transcribe()

    assert len(fake_speech.asked) == 2
    assert not transcribe(cache_scope="a person said: once more").cached


def test_a_worker_that_is_told_to_end_leaves_an_unknown_call(fake_speech, transcribe):
    fake_speech.then(SystemExit())

    with pytest.raises(SystemExit):
        transcribe()

    assert ProviderCall.objects.get().status == Status.UNKNOWN


def test_an_engine_that_cannot_charge_has_no_unknown_outcomes(fake_speech, transcribe, monkeypatch):
    monkeypatch.setattr(fake_speech, "engine", Engine(Operation.STT, "fake", "instant", "1", charges=False))
    for error in (EngineTimeoutError(), SystemExit(), EngineTimeoutError()):
        fake_speech.then(error)
        with pytest.raises(type(error)):
            transcribe()

    transcribe()

    assert [status for status, _, _ in rows()] == [Status.FAILED] * 3 + [Status.OK]


def test_a_useless_answer_is_paid_kept_and_not_asked_for_again(fake_speech, transcribe):
    fake_speech.then({"sorry": "\0 I am a teapot \ud800"})

    for _ in range(2):
        with pytest.raises(EngineAnswerError):
            transcribe()

    assert len(fake_speech.asked) == 1
    assert rows() == [(Status.OK, False, 1), (Status.OK, True, 1)]
    assert set(ProviderCall.objects.values_list("error_code", flat=True)) == {"engine_bad_answer"}


def test_when_an_engine_fails_the_next_one_answers(fake_speech, transcribe, settings):
    settings.SPEECH_ENGINES = [*settings.SPEECH_ENGINES, "tests.fakes.engines.build_second_speech"]
    engines.SECOND_SPEECH.reset()
    fake_speech.then(EngineAuthError())

    outcome = transcribe()

    assert outcome.provider == "fake-second"
    assert [status for status, _, _ in rows()] == [Status.FAILED, Status.OK]


def test_when_all_engines_fail_the_error_that_may_pass_is_told(fake_speech, transcribe, settings):
    settings.SPEECH_ENGINES = [*settings.SPEECH_ENGINES, "tests.fakes.engines.build_second_speech"]
    engines.SECOND_SPEECH.reset()
    fake_speech.then(EngineRateLimitedError(retry_after=9))
    engines.SECOND_SPEECH.then(EngineAuthError())

    with pytest.raises(EngineRateLimitedError) as caught:
        transcribe()

    assert caught.value.retry_after == 9


def test_without_an_engine_for_the_language_nothing_is_asked(workspace, settings, transcribe):
    settings.SPEECH_ENGINES = ["apps.providers.adapters.pocketsphinx.build"]

    for language_code in ("ru", "ru-RU", None):
        with pytest.raises(NoEngineForLanguageError):
            transcribe(request=SpeechRequest(Path("x"), 3000, language_code))

    assert not ProviderCall.objects.exists()
    assert selectors.engines_for(operation=Operation.STT, language_code="ru") == []
    for language_code in ("en", "en-GB", "EN_us"):
        (engine,) = selectors.engines_for(operation=Operation.STT, language_code=language_code)
        assert engine.provider == "pocketsphinx"


def test_a_live_call_of_somebody_else_is_waited_for(fake_speech, transcribe):
    fake_speech.then(EngineUnavailableError())
    with pytest.raises(EngineUnavailableError):
        transcribe()
    ProviderCall.objects.update(status=Status.IN_FLIGHT, finished_at=None, lease_until=Now() + timedelta(minutes=1))

    with pytest.raises(CallInFlightError) as caught:
        transcribe()

    assert caught.value.retry_after == 2
    assert len(fake_speech.asked) == 1


def test_an_abandoned_call_is_unknown_and_repeated_once(fake_speech, transcribe):
    fake_speech.then(EngineUnavailableError())
    with pytest.raises(EngineUnavailableError):
        transcribe()
    ProviderCall.objects.update(status=Status.IN_FLIGHT, finished_at=None)
    abandon_open_calls()

    transcribe()

    assert rows() == [(Status.UNKNOWN, False, 1), (Status.OK, False, 2)]
    assert ProviderCall.objects.get(attempt=1).error_code == "call_abandoned"


def test_the_second_abandoned_call_ends_the_repeats(fake_speech, transcribe):
    fake_speech.then(EngineTimeoutError())
    with pytest.raises(EngineTimeoutError):
        transcribe()
    fake_speech.then(EngineUnavailableError())
    with pytest.raises(EngineUnavailableError):
        transcribe()
    ProviderCall.objects.filter(attempt=2).update(status=Status.IN_FLIGHT, finished_at=None)
    abandon_open_calls()

    with pytest.raises(CallUnsettledError):
        transcribe()

    assert rows() == [(Status.UNKNOWN, False, 1), (Status.UNKNOWN, False, 2)]


def test_a_forgotten_subject_leaves_numbers_but_no_words(fake_speech, transcribe):
    subject_id = uuid4()
    transcribe(subject_id=subject_id)

    services.calls_forget(subject_id=subject_id)

    assert ProviderCall.objects.get().raw_answer is None
    with pytest.raises(SubjectForgottenError):
        transcribe(subject_id=subject_id)
    assert not transcribe().cached  # what was forgotten is not known any more
    services.calls_forget(subject_id=subject_id)


def test_another_subject_keeps_its_copy_of_a_forgotten_answer(fake_speech, transcribe):
    paid = uuid4()
    transcribe(subject_id=paid)
    transcribe()

    services.calls_forget(subject_id=paid)

    assert transcribe().cached
    assert len(fake_speech.asked) == 1


def test_a_repeated_question_costs_few_queries(fake_speech, transcribe, django_assert_num_queries):
    transcribe()

    # The first look; lock, subject, earlier calls, the answer, the new row; and two savepoints (outside tests the first
    # is nothing, the second our transaction).
    with django_assert_num_queries(6 + 4):
        transcribe()


def test_a_new_question_costs_few_queries(fake_speech, transcribe, django_assert_num_queries):
    # The row, the settlement; and an empty savepoint before each that is no transaction outside tests.
    with django_assert_num_queries(2 + 4):
        transcribe()


LINES = (Line(0, "A", 0, 2000, "It began."), Line(1, "B", 2500, 4000, "It ended."))


def analyze(workspace, task: str = "summary", language_code: str = "en", **changes):
    request = LanguageRequest(task, language_code, LINES)
    return services.language_analyze(
        workspace_id=workspace.pk, subject_id=uuid4(), purpose=task, request=request, **changes
    )


def test_a_report_is_drafted_and_written_down(workspace, fake_language):
    outcome = analyze(workspace)

    assert outcome.draft.claims[0].quotes[0].text == "It began."
    assert (outcome.provider, outcome.prompt_version, outcome.cached) == ("fake", "p1", False)
    assert (outcome.cost, outcome.currency) == (0, "USD")
    call = ProviderCall.objects.get(pk=outcome.call_id)
    assert (call.operation, call.purpose, call.units) == ("llm", "summary", {"input_tokens": 2, "output_tokens": 1})
    assert analyze(workspace).cached


def test_another_prompt_is_another_question(workspace, fake_language, monkeypatch):
    analyze(workspace)

    monkeypatch.setattr(fake_language, "engine", Engine(Operation.LLM, "fake", "instant", "1", prompt_version="p2"))

    assert not analyze(workspace).cached


def test_the_local_analyst_makes_the_reports_it_has_learned(workspace, settings):
    settings.LANGUAGE_ENGINES = ["apps.providers.adapters.local.build"]

    assert analyze(workspace, "conversation").provider == "local"
    with pytest.raises(NoEngineForReportError):
        analyze(workspace, "design_evaluation")
    with pytest.raises(NoEngineForLanguageError):
        analyze(workspace, language_code="de")
