import random
from itertools import pairwise

import pytest

from apps.recordings.media.chunks import BYTES_PER_MS, PAD_MS, Chunk, plan_chunks
from apps.recordings.media.types import Region


def regions(*spans):
    return tuple(Region(start, end) for start, end in spans)


def plan(speech, duration_ms=600_000, *, target_ms=45_000, max_ms=90_000, max_bytes=None):
    return plan_chunks([speech], duration_ms, target_ms=target_ms, max_ms=max_ms, max_bytes=max_bytes)


def test_no_speech_gives_no_chunks():
    assert plan(()) == ()
    assert plan_chunks([], 1000, target_ms=1, max_ms=1) == ()


def test_a_short_recording_is_one_chunk_with_silence_at_its_ends():
    assert plan(regions((1_000, 5_000), (6_000, 9_000)), 20_000) == (
        Chunk(index=0, channel=0, start_ms=1_000 - PAD_MS, end_ms=9_000 + PAD_MS, speech_ms=7_000),
    )


def test_padding_stays_within_the_recording_and_short_of_the_neighbour():
    first, second = plan(regions((100, 50_000), (50_500, 60_000)), 60_100)
    assert (first.start_ms, first.end_ms) == (0, 50_250)
    assert (second.start_ms, second.end_ms) == (50_250, 60_100)


def test_a_chunk_ends_in_the_first_good_pause_after_the_target():
    spoken = regions((0, 44_000), (46_000, 60_000), (60_600, 80_000), (81_000, 85_000))
    assert [chunk.end_ms for chunk in plan(spoken)] == [60_300, 85_000 + PAD_MS]


def test_without_a_good_pause_the_longest_there_is_is_taken():
    spoken = regions((0, 30_000), (30_200, 50_000), (50_400, 70_000), (70_100, 100_000))
    assert [chunk.end_ms for chunk in plan(spoken)] == [50_200, 100_000 + PAD_MS]


def test_long_silence_is_not_sent():
    spoken = regions((0, 5_000), (60_000, 65_000))
    assert [(chunk.start_ms, chunk.end_ms) for chunk in plan(spoken)] == [(0, 5_300), (59_700, 65_300)]


def test_a_monologue_without_any_pause_is_divided_equally():
    spans = [(chunk.start_ms, chunk.end_ms) for chunk in plan(regions((0, 200_000)), 200_000)]
    assert spans == [(0, 66_666), (66_666, 133_333), (133_333, 200_000)]


def test_touching_regions_are_where_a_monologue_is_cut():
    spoken = regions((0, 40_000), (40_000, 81_000), (81_000, 120_000))
    assert [chunk.end_ms for chunk in plan(spoken, 120_000)] == [81_000, 120_000]


def test_a_size_limit_shortens_the_chunks():
    chunks = plan(regions((0, 60_000)), 60_000, max_bytes=20_000 * BYTES_PER_MS)
    assert max(chunk.end_ms - chunk.start_ms for chunk in chunks) <= 20_000
    with pytest.raises(ValueError, match="hold something"):
        plan(regions((0, 1)), max_bytes=1)


def test_channels_are_planned_apart_and_numbered_by_their_start():
    left, right = regions((0, 5_000), (20_000, 25_000)), regions((6_000, 9_000))
    chunks = plan_chunks([left, right], 30_000, target_ms=45_000, max_ms=90_000)
    assert [(chunk.index, chunk.channel, chunk.start_ms) for chunk in chunks] == [
        (0, 0, 0),
        (1, 1, 5_700),
        (2, 0, 19_700),
    ]


@pytest.mark.parametrize("seed", range(200))
def test_every_moment_of_speech_lies_in_exactly_one_chunk(seed):
    dice = random.Random(seed)  # noqa: S311 - a repeatable choice
    spoken, at = [], dice.randint(0, 2_000)
    for _ in range(dice.randint(0, 40)):
        end = at + dice.choice([dice.randint(1, 500), dice.randint(200, 15_000), dice.randint(1, 100_000)])
        spoken.append(Region(at, end))
        at = end + dice.choice([0, dice.randint(1, 300), dice.randint(300, 2_000), dice.randint(0, 30_000)])
    duration_ms = at + dice.randint(0, 1_000)
    max_ms = dice.choice([599, 1_000, 5_000, 90_000, 600_000])

    chunks = plan(spoken, duration_ms, target_ms=dice.randint(1, max_ms), max_ms=max_ms)

    for chunk in chunks:
        assert 0 <= chunk.start_ms < chunk.end_ms <= duration_ms
        assert chunk.end_ms - chunk.start_ms <= max_ms
        inside = [min(one.end_ms, chunk.end_ms) - max(one.start_ms, chunk.start_ms) for one in spoken]
        assert chunk.speech_ms == sum(length for length in inside if length > 0)
    assert sum(chunk.speech_ms for chunk in chunks) == sum(one.duration_ms for one in spoken)
    assert all(left.end_ms <= right.start_ms for left, right in pairwise(chunks))
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
