import random

import pytest

from apps.providers.types import Segment, Word
from apps.transcripts.assembly import assemble, speaker_name
from apps.transcripts.types import ChunkText, Region

SEEDS = range(40)


def said(drafts):
    return [(one.speaker, one.start_ms, one.end_ms, one.text) for one in drafts]


def alone(*segments, start_ms=0, end_ms=10_000, channel=0):
    return ChunkText(channel, start_ms, end_ms, segments)


def test_times_become_those_of_the_recording():
    chunk = alone(
        Segment("hello there", 500, 1_500, words=(Word("hello", 500, 900, 0.9), Word("there", 1_000, 1_500, 0.8))),
        start_ms=60_000,
        end_ms=70_000,
    )

    (draft,) = assemble([chunk], duration_ms=100_000, channels=1, speech_by_channel=[[]])

    assert said([draft]) == [("A", 60_500, 61_500, "hello there")]
    assert [(word.text, word.start_ms, word.end_ms, word.confidence) for word in draft.words] == [
        ("hello", 60_500, 60_900, 0.9),
        ("there", 61_000, 61_500, 0.8),
    ]
    assert draft.channel == 0


def test_each_of_two_channels_is_a_speaker_whatever_the_engine_called_them():
    left = alone(Segment("good morning", 0, 900, speaker="spk_7"), Segment("fine", 4_000, 4_500, speaker="spk_9"))
    right = alone(Segment("how are you", 2_000, 3_000, speaker="spk_7"), channel=1)

    drafts = assemble([right, left], duration_ms=10_000, channels=2, speech_by_channel=[[], []])

    assert said(drafts) == [
        ("A", 0, 900, "good morning"),
        ("B", 2_000, 3_000, "how are you"),
        ("A", 4_000, 4_500, "fine"),
    ]


def test_labels_of_one_channel_become_letters_in_the_order_in_which_they_are_heard():
    chunk = alone(
        Segment("one", 0, 100, speaker="spk_5"),
        Segment("two", 200, 300, speaker="spk_1"),
        Segment("three", 400, 500, speaker="spk_5"),
        Segment("four", 600, 700),
    )

    drafts = assemble([chunk], duration_ms=1_000, channels=1, speech_by_channel=[[]])

    assert [one.speaker for one in drafts] == ["A", "B", "A", "C"]


def test_letters_go_on_after_z():
    assert [speaker_name(number) for number in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_segments_without_times_share_the_speech_by_the_length_of_their_texts():
    speech = [Region(1_000, 3_000), Region(6_000, 8_000)]
    chunk = alone(Segment("aaaaa"), Segment("bbbbb"), Segment("ccccc"), Segment("ddddd"))

    drafts = assemble([chunk], duration_ms=10_000, channels=1, speech_by_channel=[speech])

    assert [(one.start_ms, one.end_ms) for one in drafts] == [
        (1_000, 2_000),
        (2_000, 3_000),
        (6_000, 7_000),
        (7_000, 8_000),
    ]


def test_segments_without_times_lie_between_their_timed_neighbours():
    chunk = alone(Segment("first", 0, 2_000), Segment("lost in between"), Segment("last", 5_000, 6_000))

    drafts = assemble([chunk], duration_ms=10_000, channels=1, speech_by_channel=[[]])

    assert said(drafts)[1] == ("A", 2_000, 5_000, "lost in between")


def test_a_segment_without_times_takes_them_from_its_words():
    chunk = alone(Segment("so it is", words=(Word("so", 100, 200), Word("it", 250, 300), Word("is", 350, 480))))

    (draft,) = assemble([chunk], duration_ms=10_000, channels=1, speech_by_channel=[[]])

    assert (draft.start_ms, draft.end_ms) == (100, 480)


def test_words_are_left_out_when_the_time_of_one_is_unknown():
    chunk = alone(Segment("so it", 0, 900, words=(Word("so", 100, 200), Word("it"))))

    (draft,) = assemble([chunk], duration_ms=10_000, channels=1, speech_by_channel=[[]])

    assert draft.words == ()


def test_impossible_times_are_moved_into_the_chunk_and_the_recording():
    chunk = alone(
        Segment("before", -500, 100),
        Segment("backwards", 3_000, 2_000),
        Segment("far behind", 90_000, 95_000, words=(Word("far", 90_000, 91_000), Word("behind", 92_000, 95_000))),
        start_ms=5_000,
        end_ms=15_000,
    )

    drafts = assemble([chunk], duration_ms=12_000, channels=1, speech_by_channel=[[]])

    assert said(drafts) == [
        ("A", 5_000, 5_100, "before"),
        ("A", 8_000, 8_000, "backwards"),
        ("A", 12_000, 12_000, "far behind"),
    ]
    assert {(word.start_ms, word.end_ms) for word in drafts[2].words} == {(12_000, 12_000)}


def test_white_space_is_cleaned_and_what_a_database_cannot_hold_is_gone():
    chunk = alone(
        Segment("  two\u00a0 \n words\x00\ud800 ", 0, 100, words=(Word("two\x00", 0, 50), Word(" \x00", 50, 60))),
        Segment(" \x00\n ", 200, 300),
    )

    (draft,) = assemble([chunk], duration_ms=1_000, channels=1, speech_by_channel=[[]])

    assert draft.text == "two words"
    assert [word.text for word in draft.words] == ["two"]


def test_nothing_heard_is_no_utterance():
    assert assemble([alone()], duration_ms=1_000, channels=1, speech_by_channel=[[]]) == ()
    assert assemble([], duration_ms=0, channels=1, speech_by_channel=[]) == ()


def random_case(seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    channels = chance.choice([1, 1, 2, 3])
    duration_ms = chance.randint(0, 200_000)
    speech, chunks = [], []
    for channel in range(channels):
        speech.append([random_region(chance, duration_ms) for _ in range(chance.randint(0, 8))])
        start = 0
        while start < duration_ms:
            end = start + chance.randint(1, 60_000)
            segments = tuple(random_segment(chance) for _ in range(chance.randint(0, 6)))
            chunks.append(ChunkText(channel, start, end, segments))
            start = end
    return chance, {"duration_ms": duration_ms, "channels": channels, "speech_by_channel": speech}, chunks


def random_region(chance, duration_ms):
    start = chance.randint(0, duration_ms)
    return Region(start, start + chance.randint(0, 10_000))


def random_segment(chance):
    def time():
        return chance.choice([None, chance.randint(-1_000, 70_000)])

    words = tuple(Word(f"w{number}", time(), time()) for number in range(chance.randint(0, 3)))
    text = " ".join("x" * chance.randint(0, 12) for _ in range(chance.randint(0, 9)))
    return Segment(text, time(), time(), chance.choice([None, "s0", "s1", "s2"]), words=words)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_engines_answer_the_utterances_are_in_order_and_inside_the_recording(seed):
    _, recording, chunks = random_case(seed)

    drafts = assemble(chunks, **recording)

    assert [one.start_ms for one in drafts] == sorted(one.start_ms for one in drafts)
    for one in drafts:
        assert 0 <= one.start_ms <= one.end_ms <= recording["duration_ms"]
        assert one.text == " ".join(one.text.split()) != ""
        for word in one.words:
            assert 0 <= word.start_ms <= word.end_ms <= recording["duration_ms"]
    heard = sorted(" ".join(one.text.split()) for chunk in chunks for one in chunk.segments if one.text.strip())
    assert sorted(one.text for one in drafts) == heard


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_in_which_chunks_arrive_makes_no_difference(seed):
    chance, recording, chunks = random_case(seed)
    expected = assemble(chunks, **recording)

    chance.shuffle(chunks)

    assert assemble(chunks, **recording) == expected
