import json
from itertools import pairwise

import numpy as np
import pytest

from apps.recordings.media.analysis import measure
from apps.recordings.media.speech import find_speech
from tests.recordings.media.sounds import CLIPS, RATE, brown, load, noise, tone

CLIP_NAMES = sorted(json.loads((CLIPS / "references.json").read_text()))
SPEECH_LEVEL = 0.1


def regions_of(samples):
    whole = np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
    return find_speech(measure(whole).bands, len(whole) * 1000 // RATE)


def missed_share(samples, regions):
    """The share of the power above 150 Hz that lies outside the regions."""
    spectrum = np.fft.rfft(samples)
    spectrum[: int(150 * len(samples) / RATE)] = 0
    power = np.fft.irfft(spectrum, len(samples)) ** 2
    heard = np.zeros(len(samples), bool)
    for region in regions:
        heard[region.start_ms * 16 : region.end_ms * 16] = True
    return power[~heard].sum() / power.sum()


@pytest.mark.parametrize("clip", CLIP_NAMES)
def test_the_speech_of_every_clip_is_found(clip):
    (samples,) = load(clip)
    assert missed_share(samples, regions_of(samples)) < 0.005


@pytest.mark.parametrize("decibels", [-20, -40])
def test_quiet_recordings_are_heard_as_well_as_loud_ones(decibels):
    (samples,) = load("en_austen870_16k.wav")
    quiet = samples * 10 ** (decibels / 20)
    assert missed_share(quiet, regions_of(quiet)) < 0.01


@pytest.mark.parametrize("ratio_db", [20, 10, 5])
@pytest.mark.parametrize("kind", [noise, brown])
def test_speech_is_found_in_noise_and_the_noise_is_not(kind, ratio_db):
    (clip,) = load("en_sonnet2_48k.webm")
    clip = clip[: 20 * RATE]
    samples = np.concatenate([np.zeros(8 * RATE), clip, np.zeros(8 * RATE)])
    loud = np.sqrt((clip**2).mean()) * 10 ** (-ratio_db / 20)

    regions = regions_of(samples + kind(len(samples) / RATE, loud)[: len(samples)])

    assert missed_share(samples, regions) < 0.05
    assert regions[0].start_ms > 7_500
    assert regions[-1].end_ms < 28_500


SECONDS = np.arange(40 * RATE) / RATE
NOT_SPEECH = {
    "digital silence": np.zeros(40 * RATE),
    "the last bit": np.random.default_rng(0).integers(-1, 2, 40 * RATE) / 32768,
    "white noise": noise(40, 0.03),
    "loud white noise": noise(40, 0.2),
    "quiet white noise": noise(40, 0.0003),
    "brown noise": brown(40, 0.05),
    "loud brown noise": brown(40, 0.3),
    "a tone": tone(40, 440, 0.5),
    "a high tone": tone(40, 2500, 0.1),
    "mains hum": sum(tone(40, 50 * k, 0.1 / k) for k in range(1, 20)) + noise(40, 0.001),
    "a constant offset": np.full(40 * RATE, 0.2),
    "ringing": tone(40, 425, 0.3) * (SECONDS % 5 < 1),
    "a busy line": tone(40, 425, 0.3) * (SECONDS % 0.7 < 0.35),
    "a fan switched on": noise(40, 0.001) * np.where(SECONDS > 15, 10, 1),
    "noise after silence": noise(40, 0.01) * (SECONDS > 20),
    "a microphone opened now and then": noise(40, 0.01) * (SECONDS % 5 < 1),
    "clicks": np.where(np.arange(40 * RATE) % RATE < 20, 0.6, 0) + noise(40, 0.0003),
}


@pytest.mark.parametrize("kind", NOT_SPEECH)
def test_sound_that_is_not_speech_has_none(kind):
    assert regions_of(NOT_SPEECH[kind]) == ()


def test_nothing_has_no_speech():
    assert find_speech(measure(np.zeros(0, np.int16)).bands, 0) == ()


def test_regions_are_in_order_within_the_recording_and_short_enough_to_cut():
    (samples,) = load("de_simplicissimus_44k.mp3")
    regions = regions_of(samples)

    assert all(left.end_ms <= right.start_ms for left, right in pairwise(regions))
    assert all(200 <= region.duration_ms <= 15_000 for region in regions)
    assert regions[-1].end_ms <= len(samples) * 1000 // RATE


def test_a_long_recording_is_scored_in_pieces_without_seams():
    (clip,) = load("en_austen870_16k.wav")
    early, border = np.zeros(20 * RATE), np.zeros(59 * RATE)  # a minute is scored at once
    alone = regions_of(np.concatenate([early, clip, early]))
    moved = regions_of(np.concatenate([border, clip, early]))

    assert [(region.start_ms, region.end_ms) for region in moved] == [
        (region.start_ms + 39_000, region.end_ms + 39_000) for region in alone
    ]
