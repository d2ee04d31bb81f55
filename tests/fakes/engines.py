"""Engines that answer at once and do as they are told. They obey the same protocol tests as the real ones.

Named in the settings by the builders below; one instance each per process, so that a test can script it.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apps.providers.adapters.drafts import draft_dump, draft_load
from apps.providers.errors import EngineAnswerError, EngineStoppedError
from apps.providers.types import (
    Answer,
    Claim,
    Draft,
    Engine,
    LanguageRequest,
    Operation,
    Quote,
    Segment,
    SpeechRequest,
    Transcription,
    Usage,
    Word,
)

Act = Callable[[Any], dict[str, Any]]
"""Takes the request; returns a raw answer or raises."""


@dataclass
class FakeEngine:
    engine: Engine
    script: deque[Act] = field(default_factory=deque)
    """What the next calls do; when it is empty, they succeed."""
    asked: list[Any] = field(default_factory=list)

    def reset(self) -> None:
        self.script.clear()
        self.asked.clear()

    def then(self, act: Act | dict[str, Any] | BaseException) -> None:
        """Let the next call answer this, raise this, or do this."""

        def play(request: Any) -> dict[str, Any]:
            if isinstance(act, BaseException):
                raise act
            return act(request) if callable(act) else act

        self.script.append(play)

    def _raw(self, request: Any, stop: threading.Event | None, otherwise: Act) -> dict[str, Any]:
        if stop is not None and stop.is_set():
            raise EngineStoppedError
        self.asked.append(request)
        return (self.script.popleft() if self.script else otherwise)(request)


@dataclass
class FakeSpeech(FakeEngine):
    """Hears "one two three", spread over the whole of the audio."""

    def ask(self, request: SpeechRequest, *, stop: threading.Event | None = None) -> Answer:
        raw = self._raw(request, stop, _hear)
        return Answer(raw, Usage(audio_ms=request.duration_ms), provider_request_id="request-1")

    def read(self, answer: Answer, request: SpeechRequest) -> Transcription:  # noqa: ARG002 - the protocol's
        try:
            words = tuple(Word(*item) for item in answer.raw["words"])
        except (KeyError, TypeError) as error:
            raise EngineAnswerError from error
        if not words:
            return Transcription()
        text = " ".join(word.text for word in words)
        return Transcription((Segment(text, words[0].start_ms, words[-1].end_ms, words=words),), "en")


def _hear(request: SpeechRequest) -> dict[str, Any]:
    step = request.duration_ms // 3
    return {"words": [[word, n * step, (n + 1) * step] for n, word in enumerate(("one", "two", "three"))]}


@dataclass
class FakeLanguage(FakeEngine):
    """Makes one claim, with the first line for a quote."""

    def ask(self, request: LanguageRequest, *, stop: threading.Event | None = None) -> Answer:
        raw = self._raw(request, stop, _write)
        return Answer(raw, Usage(input_tokens=len(request.lines), output_tokens=1))

    def read(self, answer: Answer, request: LanguageRequest) -> Draft:  # noqa: ARG002
        return draft_load(answer.raw)


def _write(request: LanguageRequest) -> dict[str, Any]:
    quotes = tuple(Quote(line.text, line.speaker, line.index) for line in request.lines[:1])
    return draft_dump(Draft(request.task, "All is well.", (Claim("First", "It began.", "start", quotes),), {"n": 1}))


SPEECH = FakeSpeech(Engine(Operation.STT, "fake", "instant", "1"))
SECOND_SPEECH = FakeSpeech(Engine(Operation.STT, "fake-second", "instant", "1"))
LANGUAGE = FakeLanguage(Engine(Operation.LLM, "fake", "instant", "1", prompt_version="p1"))


def build_speech(*, timeout_seconds: float) -> FakeSpeech:
    return SPEECH


def build_second_speech(*, timeout_seconds: float) -> FakeSpeech:
    return SECOND_SPEECH


def build_language(*, timeout_seconds: float) -> FakeLanguage:
    return LANGUAGE


class DeafSpeech(FakeSpeech):
    """Answers, and heard nothing."""

    def ask(self, request: SpeechRequest, *, stop: threading.Event | None = None) -> Answer:
        raw = self._raw(request, stop, lambda _request: {"words": []})
        return Answer(raw, Usage(audio_ms=request.duration_ms))


DEAF = DeafSpeech(Engine(Operation.STT, "deaf", "instant", "1"))


def build_deaf(*, timeout_seconds: float) -> DeafSpeech:
    return DEAF
