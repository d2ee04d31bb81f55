import pytest

from apps.transcripts.timing import timeline
from apps.transcripts.types import UtteranceDraft, UtteranceWord


def spoken(text, start_ms, end_ms, *words):
    return UtteranceDraft("A", start_ms, end_ms, text, words=tuple(UtteranceWord(*word) for word in words))


def times_of(draft, part):
    offset = draft.text.index(part)
    times = timeline(draft)
    return times.start_at(offset), times.end_at(offset + len(part))


def test_words_with_times_are_exact():
    draft = spoken("Well, we agreed.", 0, 5_000, ("well", 100, 400), ("we", 900, 1_000), ("agreed", 1_050, 1_700))

    assert times_of(draft, "Well") == (100, 400)
    assert times_of(draft, "we agreed") == (900, 1_700)


def test_without_words_the_pace_is_taken_to_be_even():
    draft = spoken("aaaa bbbb ", 1_000, 2_000)

    assert times_of(draft, "bbbb") == (1_500, 1_900)


def test_words_without_spaces_between_them_keep_their_own_times():
    draft = spoken("今日は天気", 0, 3_000, ("今日", 100, 600), ("は", 700, 800), ("天気", 1_500, 2_000))

    assert times_of(draft, "今日") == (100, 600)
    assert times_of(draft, "は") == (700, 800)
    assert times_of(draft, "天気") == (1_500, 2_000)


def test_a_word_that_the_text_writes_differently_does_not_shift_the_others():
    draft = spoken("in 15 days now", 0, 4_000, ("in", 0, 200), ("fifteen", 300, 900), ("days", 1_000, 1_400))

    start, end = times_of(draft, "15")

    assert times_of(draft, "days") == (1_000, 1_400)
    assert 200 <= start <= end <= 1_000


def test_the_same_word_twice_has_two_times():
    draft = spoken("no no", 0, 1_000, ("no", 0, 300), ("no", 600, 1_000))

    times = timeline(draft)

    assert (times.start_at(3), times.end_at(5)) == (600, 1_000)


@pytest.mark.parametrize("text", ["", "x", "İstanbul ve"])
def test_times_never_run_backwards_nor_leave_the_utterance(text):
    draft = spoken(text, 1_000, 2_000, ("istanbul", 1_800, 1_200), ("ve", 500, 9_000))
    times = timeline(draft)

    marks = [times.start_at(offset) for offset in range(len(text) + 1)]

    assert marks == sorted(marks)
    assert all(1_000 <= mark <= 2_000 for mark in marks)
