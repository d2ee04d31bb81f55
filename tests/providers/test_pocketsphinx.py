"""The offline recogniser on real recordings, and on sound that is hardly any."""

import threading
import time
from itertools import pairwise

import jiwer
import numpy as np
import pytest

from apps.providers.adapters.pieces import PIECE_SECONDS, speech_pieces
from apps.providers.adapters.pocketsphinx import build
from apps.providers.errors import EngineBadInputError, EngineStoppedError, EngineUnavailableError
from apps.providers.types import SpeechRequest
from tests.providers.sound import RATE, flac_of_samples

ENGINE = build(timeout_seconds=120)
NOISE = np.random.default_rng(7)


def heard(request: SpeechRequest) -> str:
    transcription = ENGINE.read(ENGINE.ask(request), request)
    return " ".join(segment.text for segment in transcription.segments)


def test_the_cards_are_heard_word_for_word(clip_request, references):
    assert heard(clip_request("en_cards_16k.wav")) == references["en_cards_16k.wav"]


def test_a_speech_in_a_hall_is_heard_with_few_errors(clip_request, references):
    request = clip_request("en_jfk_44k_stereo.flac")

    segments = ENGINE.read(ENGINE.ask(request), request).segments

    text = " ".join(segment.text for segment in segments)
    assert jiwer.wer(references["en_jfk_44k_stereo.flac"], text) <= 0.30
    assert len(segments) == 3  # a pause ends an utterance
    assert all(segment.end_ms <= request.duration_ms for segment in segments)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.int16),
        np.zeros(10, np.int16),
        np.zeros(RATE * 2, np.int16),
        NOISE.normal(0, 3, RATE * 2).astype(np.int16),
    ],
    ids=["nothing", "a moment", "digital silence", "a quiet room"],
)
def test_silence_is_an_empty_answer(samples, tmp_path):
    assert heard(flac_of_samples(samples, tmp_path / "silence.flac")) == ""


@pytest.mark.parametrize(
    "samples",
    [
        NOISE.normal(0, 3000, RATE // 5).astype(np.int16),
        np.where(np.arange(RATE) % 100 < 50, 32767, -32768).astype(np.int16),
        NOISE.normal(0, 8000, RATE * 3).clip(-32768, 32767).astype(np.int16),
    ],
    ids=["0.2 s", "clipped", "noise"],
)
def test_odd_sound_is_no_accident(samples, tmp_path):
    assert isinstance(heard(flac_of_samples(samples, tmp_path / "odd.flac")), str)


def test_a_file_that_is_no_audio_is_bad_input(tmp_path):
    path = tmp_path / "chunk.flac"
    path.write_text("#EXTM3U\nhttp://127.0.0.1:9/a.ts\n")

    with pytest.raises(EngineBadInputError):
        ENGINE.ask(SpeechRequest(path, duration_ms=1000, language_code="en"))


def test_a_call_that_takes_too_long_is_ended(clip_request):
    with pytest.raises(EngineUnavailableError):
        build(timeout_seconds=0.05).ask(clip_request("en_jfk_44k_stereo.flac"))


def test_a_call_ends_soon_after_it_is_told_to(clip_request):
    request, stop = clip_request("en_sonnet2_48k.webm"), threading.Event()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()

    with pytest.raises(EngineStoppedError):
        ENGINE.ask(request, stop=stop)

    assert time.monotonic() - began < 5


def test_pieces_follow_each_other_and_are_short():
    speech = NOISE.normal(0, 3000, RATE * 40)
    speech[RATE * 5 : RATE * 8] = 0
    speech[RATE * 12 : RATE * 12 + RATE // 2] = 0

    pieces = speech_pieces(speech.astype(np.int16))

    assert all(start < end for start, end in pieces)
    assert all(before[1] <= after[0] for before, after in pairwise(pieces))
    assert max(end - start for start, end in pieces) <= (PIECE_SECONDS + 1) * RATE
    covered = sum(end - start for start, end in pieces)
    assert covered >= (40 - 3) * RATE * 0.98
