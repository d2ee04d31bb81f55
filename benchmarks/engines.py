"""Engines that answer at once, with and without a price: the ledger keeps paid answers more carefully."""

from dataclasses import replace

from tests.fakes.engines import LANGUAGE, SPEECH, FakeLanguage, FakeSpeech


def speech_charging(*, timeout_seconds: float) -> FakeSpeech:
    del timeout_seconds
    return SPEECH


def language_charging(*, timeout_seconds: float) -> FakeLanguage:
    del timeout_seconds
    return LANGUAGE


def speech_free(*, timeout_seconds: float) -> FakeSpeech:
    del timeout_seconds
    return FakeSpeech(replace(SPEECH.engine, charges=False))


def language_free(*, timeout_seconds: float) -> FakeLanguage:
    del timeout_seconds
    return FakeLanguage(replace(LANGUAGE.engine, charges=False))
