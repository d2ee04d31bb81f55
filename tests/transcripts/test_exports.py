import re

import pytest

from apps.transcripts.cues import CUE_MS, LINE_COLUMNS, LINES, columns, cues
from apps.transcripts.exports import FORMATS, srt, txt, vtt
from apps.transcripts.types import UtteranceDraft, UtteranceWord


def spoken(text, start_ms=0, end_ms=2_000, speaker="A", words=()):
    return UtteranceDraft(speaker, start_ms, end_ms, text, words=words)


def test_text_says_when_who_and_what():
    drafts = [spoken("Good morning.", 5_900, 7_000), spoken("Доброе утро!", 3_725_000, 3_727_000, "B")]

    assert txt(drafts) == "[00:00:05] A: Good morning.\n[01:02:05] B: Доброе утро!\n"


def test_subrip_numbers_its_cues():
    drafts = [spoken("Good morning.", 1_234, 2_500), spoken("And you?", 3_600_000, 3_601_000)]

    assert srt(drafts) == (
        "1\n00:00:01,234 --> 00:00:02,500\nGood morning.\n\n2\n01:00:00,000 --> 01:00:01,000\nAnd you?\n"
    )


def test_subrip_names_speakers_where_there_are_several():
    assert "\nB: Yes.\n" in srt([spoken("Really?"), spoken("Yes.", 2_000, 3_000, "B")])


def test_webvtt_carries_the_speaker_as_voice():
    assert vtt([spoken("Good morning.", 1_234, 2_500)]) == (
        "WEBVTT\n\n00:00:01.234 --> 00:00:02.500\n<v A>Good morning.\n"
    )


def test_webvtt_escapes_what_is_said_and_who_says_it():
    text = vtt([spoken("a --> b <script> R&D", speaker="<R&D>")])

    assert "<v &lt;R&amp;D&gt;>a --&gt; b &lt;script&gt; R&amp;D\n" in text
    assert text.count("-->") == 1


def test_subrip_has_neither_tags_nor_timings_in_its_text():
    text = srt([spoken("a --> b <b>R&D</b> 1 < 2")])

    assert text.count("-->") == 1
    assert re.search(r"<[a-z/]", text) is None
    assert "R&D" in text
    assert "1 < 2" in text


def test_an_empty_transcript_is_a_legal_file():
    assert {name: one.write([]) for name, one in FORMATS.items()} == {"txt": "", "srt": "", "vtt": "WEBVTT\n"}


LONG = "Sometimes a person talks on and on, so that nobody could read all of it at once from a single subtitle. " * 5


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "Иногда человек говорит и говорит, и прочитать всё сразу нельзя. " * 9,
        "そして彼はいつまでも話し続けた。" * 12,
        "a" * 500,
        "x" * LINE_COLUMNS + " " + "y" * (LINE_COLUMNS * 2) + " z",
    ],
)
def test_long_utterances_become_cues_that_can_be_read(text):
    found = cues([spoken(text, 10_000, 70_000)])

    assert len(found) > 1
    for cue in found:
        assert 1 <= len(cue.lines) <= LINES
        assert all(0 < columns(line) <= LINE_COLUMNS for line in cue.lines)
        assert 0 < cue.end_ms - cue.start_ms <= CUE_MS
        assert 10_000 <= cue.start_ms < 70_000
    shown = "".join("".join(cue.lines) for cue in found)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", text)


def test_cues_begin_and_end_with_their_words():
    names = [f"word{number:02}" for number in range(30)]
    words = tuple(UtteranceWord(name, 1_000 * n, 1_000 * n + 400) for n, name in enumerate(names))

    found = cues([spoken(" ".join(names), 0, 40_000, words=words)])

    for cue in found:
        said = " ".join(cue.lines).split()
        assert cue.start_ms == 1_000 * names.index(said[0])
        assert cue.end_ms == 1_000 * names.index(said[-1]) + 400


def test_cues_of_people_who_talk_at_once_are_in_order():
    found = cues([spoken(LONG, 0, 40_000), spoken("Yes.", 5_000, 5_500, "B")])

    assert [cue.start_ms for cue in found] == sorted(cue.start_ms for cue in found)


def test_a_cue_takes_time_even_where_the_utterance_takes_none():
    (cue,) = cues([spoken("Now.", 1_000, 1_000)])

    assert cue.end_ms > cue.start_ms
