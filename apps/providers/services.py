"""The gateway: the only caller of engines. Order of engines, reuse of answers and the ledger live here, once."""

import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

import structlog

from apps.providers import ledger, selectors
from apps.providers.errors import (
    EngineAnswerError,
    EngineError,
    EngineStoppedError,
    NoEngineForLanguageError,
    NoEngineForReportError,
)
from apps.providers.models import ProviderCall
from apps.providers.types import (
    Answer,
    Draft,
    Engine,
    LanguageOutcome,
    LanguageRequest,
    Operation,
    SpeechOutcome,
    SpeechRequest,
    Transcription,
)

log = structlog.get_logger(__name__)

Asked_contra = TypeVar("Asked_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)


class _AnyEngine(Protocol[Asked_contra, Result_co]):
    @property
    def engine(self) -> Engine: ...

    def ask(self, request: Asked_contra, *, stop: threading.Event | None = None) -> Answer: ...

    def read(self, answer: Answer, request: Asked_contra) -> Result_co: ...


@dataclasses.dataclass(frozen=True, slots=True)
class _Asker:
    """Whose question it is and how far an earlier answer will do."""

    workspace_id: UUID
    subject_id: UUID
    purpose: str
    content: str
    cache_scope: str


def speech_transcribe(  # noqa: PLR0913 - one sentence: who asks what of which sound
    *,
    workspace_id: UUID,
    subject_id: UUID,
    content_key: str,
    purpose: str,
    request: SpeechRequest,
    cache_scope: str = "",
    stop: threading.Event | None = None,
) -> SpeechOutcome:
    """Transcribe one chunk with the first engine that can.

    `content_key` names exactly the sound in `request.audio` (hash of the recording, range, channel). Answers are
    used again within a workspace and a `cache_scope`: a run that must not use earlier ones passes its own id.
    Raises NoEngineForLanguageError before anything is asked, an EngineError, CallInFlightError,
    CallUnsettledError, SubjectForgottenError. Not to be called inside a transaction.
    """
    candidates = selectors.speech_candidates(language_code=request.language_code)
    if not candidates:
        raise NoEngineForLanguageError(f"No speech engine for {request.language_code or 'an unknown language'}")
    options = [request.language_code, request.speakers_expected, list(request.keyterms)]
    content = f"{content_key}|{json.dumps(options)}"
    asker = _Asker(workspace_id, subject_id, purpose, content, cache_scope)
    found: tuple[Transcription, Engine, ProviderCall] = _first_answer(candidates, asker, request, stop)
    transcription, engine, call = found
    return SpeechOutcome(transcription, engine.provider, engine.model, call.cached, call.pk)


def language_analyze(
    *,
    workspace_id: UUID,
    subject_id: UUID,
    purpose: str,
    request: LanguageRequest,
    cache_scope: str = "",
    stop: threading.Event | None = None,
) -> LanguageOutcome:
    """Let the first language model that can make the report write its draft.

    Raises NoEngineForLanguageError or NoEngineForReportError before anything is asked; else as speech_transcribe.
    """
    candidates = selectors.language_candidates(task=request.task, language_code=request.language_code)
    if not candidates:
        raise _no_language_engine(request)
    content = json.dumps(dataclasses.asdict(request), sort_keys=True)
    asker = _Asker(workspace_id, subject_id, purpose, content, cache_scope)
    found: tuple[Draft, Engine, ProviderCall] = _first_answer(candidates, asker, request, stop)
    draft, engine, call = found
    return LanguageOutcome(
        draft=draft,
        provider=engine.provider,
        model=engine.model,
        prompt_version=engine.prompt_version,
        cost=call.cost,
        currency=call.currency,
        cached=call.cached,
        call_id=call.pk,
    )


def calls_forget(*, subject_id: UUID) -> None:
    """Delete what engines said about a subject, also what is still to come. The ledger's numbers stay."""
    ledger.calls_forget(subject_id=subject_id)


def _first_answer(
    candidates: Sequence[_AnyEngine[Asked_contra, Result_co]],
    asker: _Asker,
    request: Asked_contra,
    stop: threading.Event | None,
) -> tuple[Result_co, Engine, ProviderCall]:
    """Ask one engine after the other; when all fail, the error that a later repeat may cure is raised first."""
    errors: list[EngineError] = []
    for candidate in candidates:
        try:
            return _answer(candidate, asker, request, stop)
        except EngineStoppedError:
            raise
        except EngineError as error:
            log.warning("engine_failed", provider=candidate.engine.provider, code=error.code)
            errors.append(error)
    raise next((error for error in errors if error.retryable), errors[-1])


def _answer(
    candidate: _AnyEngine[Asked_contra, Result_co], asker: _Asker, request: Asked_contra, stop: threading.Event | None
) -> tuple[Result_co, Engine, ProviderCall]:
    engine = candidate.engine
    question = ledger.Question(
        workspace_id=asker.workspace_id,
        subject_id=asker.subject_id,
        purpose=asker.purpose,
        idem_key=_idem_key(asker, engine),
        engine=engine,
    )
    reservation = ledger.call_reserve(question)
    call = reservation.call
    if reservation.raw_answer is None:
        answer = _call(call, engine, lambda: candidate.ask(request, stop=stop))
        ledger.call_settle(call, engine, answer)
    else:
        answer = Answer(reservation.raw_answer)
    try:
        return candidate.read(answer, request), engine, call
    except EngineAnswerError as error:
        ledger.call_note(call, code=error.code)
        raise


def _call(call: ProviderCall, engine: Engine, ask: Callable[[], Answer]) -> Answer:
    """Call outside of any transaction; however it ends, the ledger says what that means for the money."""
    try:
        with ledger.call_renewed(call):
            return ask()
    except EngineError as error:
        ledger.call_fail(call, code=error.code, charged=engine.charges and error.may_have_charged)
        raise
    except BaseException:  # a bug, or the worker is told to end
        ledger.call_fail(call, code="call_broken_off", charged=engine.charges)
        raise


def _idem_key(asker: _Asker, engine: Engine) -> str:
    """The workspace is part of it on purpose: answers about people are not shared between tenants."""
    parts: list[Any] = [
        str(asker.workspace_id),
        asker.content,
        engine.operation,
        engine.provider,
        engine.model,
        engine.version,
        engine.prompt_version,
        asker.cache_scope,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _no_language_engine(request: LanguageRequest) -> NoEngineForLanguageError | NoEngineForReportError:
    if selectors.engines_for(operation=Operation.LLM, language_code=request.language_code):
        return NoEngineForReportError(f"No engine makes the report {request.task!r}")
    return NoEngineForLanguageError(f"No language model for {request.language_code!r}")
