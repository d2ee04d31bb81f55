"""Engines that answer at once, with and without a price: the ledger keeps paid answers more carefully.

Each transcript is another one, so that no report can be taken from an earlier recording's answers.
"""

import threading
from dataclasses import dataclass, replace
from uuid import uuid4

from apps.providers.types import Answer, SpeechRequest
from tests.fakes.engines import LANGUAGE, SPEECH, FakeLanguage, FakeSpeech


@dataclass
class UniqueSpeech(FakeSpeech):
    """Hears a word that nobody has said before."""

    def ask(self, request: SpeechRequest, *, stop: threading.Event | None = None) -> Answer:
        del stop
        return Answer({"words": [[uuid4().hex, 0, request.duration_ms]]})


def speech_charging(*, timeout_seconds: float) -> FakeSpeech:
    del timeout_seconds
    return UniqueSpeech(SPEECH.engine)


def language_charging(*, timeout_seconds: float) -> FakeLanguage:
    del timeout_seconds
    return LANGUAGE


def speech_free(*, timeout_seconds: float) -> FakeSpeech:
    del timeout_seconds
    return UniqueSpeech(replace(SPEECH.engine, charges=False))


def language_free(*, timeout_seconds: float) -> FakeLanguage:
    del timeout_seconds
    return FakeLanguage(replace(LANGUAGE.engine, charges=False))
