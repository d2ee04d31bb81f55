import random
from itertools import pairwise

import pytest

from apps.transcripts.coverage import is_complete, measure
from apps.transcripts.regions import clipped, difference, total_ms, union
from apps.transcripts.types import Coverage, Region, UtteranceDraft


def spoken(start_ms, end_ms, channel=0, text="words"):
    return UtteranceDraft("A", start_ms, end_ms, text, channel=channel)


def test_speech_with_text_is_covered():
    coverage = measure([[Region(1_000, 9_000)]], [spoken(1_000, 9_000)])

    assert coverage == Coverage(8_000, 8_000)


def test_speech_without_text_is_a_gap():
    coverage = measure([[Region(0, 10_000), Region(20_000, 30_000)]], [spoken(0, 10_000)])

    assert coverage == Coverage(20_000, 10_000, (Region(20_000, 30_000),))


def test_an_utterance_covers_a_second_around_it():
    coverage = measure([[Region(0, 12_000)]], [spoken(1_000, 11_000)])

    assert coverage.gaps == ()


def test_a_gap_ends_a_second_before_the_next_utterance():
    coverage = measure([[Region(0, 30_000)]], [spoken(0, 10_000), spoken(20_000, 30_000)])

    assert coverage == Coverage(30_000, 22_000, (Region(11_000, 19_000),))


def test_a_cough_between_sentences_is_no_gap():
    coverage = measure([[Region(0, 10_000), Region(20_000, 21_400)]], [spoken(0, 10_000)])

    assert coverage == Coverage(11_400, 11_400)


def test_short_speech_without_any_text_is_not_forgiven():
    coverage = measure([[Region(0, 1_000), Region(5_000, 6_200)]], [])

    assert coverage == Coverage(2_200, 0, (Region(0, 1_000), Region(5_000, 6_200)))


def test_a_channel_of_short_answers_that_nobody_heard_is_not_forgiven():
    answers = [Region(start, start + 1_000) for start in range(0, 50_000, 5_000)]

    coverage = measure([[Region(0, 60_000)], answers], [spoken(0, 60_000)])

    assert (coverage.speech_ms, coverage.covered_ms, len(coverage.gaps)) == (70_000, 60_000, 10)


def test_an_utterance_without_words_covers_nothing():
    assert measure([[Region(0, 5_000)]], [spoken(0, 5_000, text=" ")]).covered_ms == 0


def test_text_on_one_channel_does_not_cover_the_other():
    coverage = measure([[Region(0, 5_000)], [Region(0, 5_000)]], [spoken(0, 5_000, channel=1)])

    assert coverage == Coverage(10_000, 5_000, (Region(0, 5_000),))


def test_what_a_person_typed_covers_every_channel():
    coverage = measure([[Region(0, 5_000)], [Region(0, 5_000)]], [spoken(0, 5_000, channel=None)])

    assert coverage == Coverage(10_000, 10_000)


def test_the_same_gap_on_two_channels_is_listed_once():
    coverage = measure([[Region(0, 5_000)], [Region(2_000, 8_000)]], [])

    assert coverage == Coverage(11_000, 0, (Region(0, 8_000),))


def test_accepted_silence_is_no_speech():
    coverage = measure([[Region(0, 30_000)]], [spoken(0, 10_000)], silences=[Region(11_000, 30_000)])

    assert coverage == Coverage(11_000, 11_000)


def test_nothing_of_nothing_is_complete():
    assert is_complete(measure([[]], []), min_share=0.95, max_gap_ms=10_000)
    assert is_complete(measure([], []), min_share=0.95, max_gap_ms=10_000)


@pytest.mark.parametrize(
    ("covered_ms", "gap_ms", "expected"),
    [(95_000, 5_000, True), (94_999, 5_001, False), (99_000, 10_000, True), (99_000, 10_001, False), (0, 1_600, False)],
)
def test_completeness_needs_the_share_and_no_long_gap(covered_ms, gap_ms, expected):
    coverage = Coverage(100_000, covered_ms, (Region(0, gap_ms),))

    assert is_complete(coverage, min_share=0.95, max_gap_ms=10_000) is expected


def instants(regions):
    return {instant for region in regions for instant in range(region.start_ms, region.end_ms)}


@pytest.mark.parametrize("seed", range(60))
def test_sets_of_time_agree_with_counting_every_instant(seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    starts = [[chance.randint(0, 100) for _ in range(chance.randint(0, 12))] for _ in range(2)]
    left, right = ([Region(start, start + chance.randint(-2, 20)) for start in some] for some in starts)

    merged, removed = union(left), union(right)

    assert instants(merged) == instants(left)
    assert all(one.end_ms < other.start_ms for one, other in pairwise(merged))
    assert instants(difference(merged, removed)) == instants(left) - instants(right)
    assert instants(clipped(merged, 10, 50)) == instants(left) & set(range(10, 50))
    assert total_ms(merged) == len(instants(left))
