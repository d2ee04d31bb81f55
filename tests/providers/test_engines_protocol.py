"""What every engine promises, real or fake."""

import json
import threading
from itertools import pairwise

import numpy as np
import pytest

from apps.providers.adapters import local, pocketsphinx
from apps.providers.errors import EngineAnswerError, EngineStoppedError
from apps.providers.types import Answer, LanguageRequest, Line, Operation
from tests.fakes import engines
from tests.providers.sound import RATE, flac_of_samples

LINES = (
    Line(0, "A", 0, 4000, "The gold ring was found on the sandy beach."),
    Line(1, "B", 4500, 6000, "Who found the gold ring?"),
    Line(2, "A", 6500, 9000, "Small children found the ring on the beach."),
)

SPEECH = {"pocketsphinx": pocketsphinx.build, "fake": engines.build_speech}
LANGUAGE = {"local": local.build, "fake": engines.build_language}


@pytest.fixture(params=SPEECH)
def speech(request):
    return SPEECH[request.param](timeout_seconds=60)


@pytest.fixture(params=LANGUAGE)
def language(request):
    return LANGUAGE[request.param](timeout_seconds=60)


def report_request(**changes) -> LanguageRequest:
    return LanguageRequest(**({"task": "summary", "language_code": "en-GB", "lines": LINES} | changes))


def test_a_speech_engine_answers_json_that_reads_the_same_after_storing(speech, clip_request):
    request = clip_request("en_onetwothree_44k_24bit_stereo.flac")

    answer = speech.ask(request)

    stored = Answer(json.loads(json.dumps(answer.raw)))
    assert speech.read(answer, request) == speech.read(stored, request) == speech.read(stored, request)
    assert answer.usage.units() == {"audio_ms": request.duration_ms}
    assert speech.engine.operation == Operation.STT


def test_a_speech_engine_gives_words_in_order_inside_the_audio(speech, clip_request):
    request = clip_request("en_onetwothree_44k_24bit_stereo.flac")

    transcription = speech.read(speech.ask(request), request)

    words = [word for segment in transcription.segments for word in segment.words]
    assert [word.text for word in words] == ["one", "two", "three"]
    assert all(0 <= word.start_ms <= word.end_ms <= request.duration_ms for word in words)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(words))
    assert all(word.confidence is None or 0 <= word.confidence <= 1 for word in words)
    for segment in transcription.segments:
        assert segment.text == " ".join(word.text for word in segment.words)
        assert (segment.start_ms, segment.end_ms) == (segment.words[0].start_ms, segment.words[-1].end_ms)


def test_a_speech_engine_that_is_told_to_stop_stops(speech, tmp_path):
    stop = threading.Event()
    stop.set()

    with pytest.raises(EngineStoppedError):
        speech.ask(flac_of_samples(np.zeros(RATE, np.int16), tmp_path / "a.flac"), stop=stop)


def test_a_speech_engine_calls_nonsense_by_its_name(speech, clip_request):
    with pytest.raises(EngineAnswerError):
        speech.read(Answer({"unexpected": [1]}), clip_request("en_cards_16k.wav"))


def test_a_language_engine_answers_json_that_reads_the_same_after_storing(language):
    request = report_request()

    answer = language.ask(request)

    stored = Answer(json.loads(json.dumps(answer.raw)))
    assert language.read(answer, request) == language.read(stored, request) == language.read(stored, request)
    assert answer.usage.units()
    assert language.engine.operation == Operation.LLM


def test_a_language_engine_quotes_lines_that_exist(language):
    request = report_request()

    draft = language.read(language.ask(request), request)

    quotes = [quote for claim in draft.claims for quote in claim.quotes]
    assert quotes
    assert all(quote.text in LINES[quote.line].text for quote in quotes)
    assert all(quote.speaker == LINES[quote.line].speaker for quote in quotes)


def test_a_language_engine_writes_about_an_empty_transcript(language):
    request = report_request(lines=())

    draft = language.read(language.ask(request), request)

    assert draft.text
    assert not [quote for claim in draft.claims for quote in claim.quotes]


def test_a_language_engine_that_is_told_to_stop_stops(language):
    stop = threading.Event()
    stop.set()

    with pytest.raises(EngineStoppedError):
        language.ask(report_request(), stop=stop)


@pytest.mark.parametrize(
    "raw", [{}, {"title": "x", "text": "y", "claims": [1]}, {"title": 1, "text": "y", "claims": []}]
)
def test_a_language_engine_calls_nonsense_by_its_name(language, raw):
    with pytest.raises(EngineAnswerError):
        language.read(Answer(raw), report_request())
