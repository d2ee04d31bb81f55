# ruff: noqa: RUF001 - Russian letters are meant
import random

import pytest

from apps.analysis.evidence import Quotable
from apps.analysis.types import Reason, State
from apps.transcripts.text import joined, spans
from apps.transcripts.types import UtteranceDraft, UtteranceWord


def spoken(speaker, start_ms, end_ms, text, *words):
    return UtteranceDraft(speaker, start_ms, end_ms, text, words=tuple(UtteranceWord(*word) for word in words))


TALK = [
    spoken("A", 0, 3_000, "Добрый день! Расскажите ещё раз, почему вы выбрали этот отель."),
    spoken("B", 4_000, 10_000, "Мне понравился вид из окна. Завтрак был холодным."),
    spoken("A", 10_200, 11_000, "Понимаю."),
    spoken("B", 11_500, 15_000, "Но персонал очень внимательный, это правда."),
    spoken("A", 40_000, 44_000, "Мне понравился вид из окна, говорите вы?"),
    spoken("B", 60_000, 62_000, "Да, именно так, мне понравился вид."),
]


def quotable(drafts=TALK):
    return Quotable([(f"u{index}", draft) for index, draft in enumerate(drafts)])


def shown(evidence, drafts=TALK):
    return joined(draft.text for draft in drafts)[evidence.char_start : evidence.char_end]


def test_a_quote_is_found_whatever_its_case_dots_and_punctuation():
    evidence = quotable().locate("расскажите еще раз почему Вы выбрали", speaker="A")

    assert (evidence.state, evidence.reason, evidence.similarity) == (State.VERIFIED, None, 1.0)
    assert (evidence.utterance_ids, evidence.speaker) == (("u0",), "A")
    assert shown(evidence) == "Расскажите ещё раз, почему вы выбрали"


def test_who_and_when_come_from_the_transcript_and_not_from_the_claim():
    evidence = quotable().locate("Завтрак был холодным", speaker=None, line=3)

    assert (evidence.speaker, evidence.utterance_ids) == ("B", ("u1",))
    assert 4_000 < evidence.start < evidence.end <= 10_000


def test_known_words_give_exact_times():
    drafts = [
        spoken("A", 0, 9_000, "We agreed on Monday.", ("We", 0, 100), ("agreed", 700, 1_300), ("on", 2_000, 2_100))
    ]

    evidence = quotable(drafts).locate("AGREED ON")

    assert (evidence.start, evidence.end) == (700, 2_100)


def test_the_same_words_are_taken_from_the_line_that_is_named():
    ids = [quotable().locate("мне понравился вид", line=line).utterance_ids for line in (None, 0, 1, 3, 4, 5, 99)]

    assert ids == [("u1",), ("u1",), ("u1",), ("u4",), ("u4",), ("u5",), ("u5",)]


def test_words_of_another_speaker_do_not_carry_a_claim():
    evidence = quotable().locate("Персонал очень внимательный", speaker="A")

    assert (evidence.state, evidence.reason) == (State.UNSUPPORTED, Reason.OTHER_SPEAKER)
    assert (evidence.speaker, evidence.utterance_ids, shown(evidence)) == ("B", ("u3",), "персонал очень внимательный")


def test_words_that_both_said_are_taken_from_the_speaker_that_is_named():
    evidence = quotable().locate("понравился вид из окна", speaker="a", line=1)

    assert (evidence.state, evidence.speaker, evidence.utterance_ids) == (State.VERIFIED, "A", ("u4",))


@pytest.mark.parametrize("quote", ["Мне не понравился вид из окна", "онравился", "", "…", "15"])
def test_what_was_not_said_is_not_found(quote):
    evidence = quotable().locate(quote).as_json()

    assert evidence == {
        "quote": quote,
        "state": "unsupported",
        "reason": "not_found",
        "similarity": 0.0,
        "utterance_ids": [],
        "speaker": None,
        "start": None,
        "end": None,
        "char_start": None,
        "char_end": None,
    }


def test_a_sentence_goes_on_over_a_short_word_of_the_other():
    evidence = quotable().locate("Завтрак был холодным, но персонал очень внимательный", speaker="B")

    assert (evidence.state, evidence.utterance_ids) == (State.VERIFIED, ("u1", "u3"))
    assert (evidence.speaker, evidence.end <= 15_000) == ("B", True)


def test_pieces_said_apart_are_no_sentence():
    evidence = quotable().locate("Персонал очень внимательный, да, именно так", speaker="B")

    assert (evidence.state, evidence.reason, evidence.char_start) == (State.UNSUPPORTED, Reason.MERGED, None)


def test_words_of_two_speakers_are_no_sentence_either():
    evidence = quotable().locate("почему вы выбрали этот отель мне понравился вид")

    assert (evidence.state, evidence.reason) == (State.UNSUPPORTED, Reason.MERGED)


def test_a_monologue_goes_on_after_any_pause():
    drafts = [spoken("A", 0, 1_000, "We came back"), spoken("A", 90_000, 91_000, "in the evening.")]

    evidence = quotable(drafts).locate("came back in the")

    assert (evidence.state, evidence.utterance_ids) == (State.VERIFIED, ("u0", "u1"))
    assert (evidence.start < 1_000, evidence.end > 90_000) == (True, True)


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("Die Größe der Straße überrascht.", "GRÖSSE DER STRASSE", "Größe der Straße"),
        ("今日はとても良い天気ですね。", "とても 良い天気", "とても良い天気"),
        ("それは ｶﾞｽ の 匂い です。", "ガスの匂い", "ｶﾞｽ の 匂い"),
        ("Он сказал: «Всё — хорошо».", "все хорошо", "Всё — хорошо"),
        ("It doesn’t work (yet).", "it doesn't work yet", "It doesn’t work (yet"),
        ("Он и\u0306 она", "й она", "и\u0306 она"),
    ],
)
def test_quotes_are_found_in_any_language(text, quote, expected):
    drafts = [spoken("A", 0, 1_000, "Hm."), spoken("A", 2_000, 9_000, text)]

    evidence = quotable(drafts).locate(quote)

    assert evidence.state == State.VERIFIED
    assert shown(evidence, drafts) == expected


def test_an_empty_transcript_carries_nothing():
    assert quotable([]).locate("anything").reason == Reason.NOT_FOUND


WORDS = "отель окно вид завтрак персонал the room was not clean 今日 天気 Größe ещё 15".split()  # noqa: SIM905


def random_talk(chance):
    drafts, time = [], 0
    for _ in range(chance.randint(1, 30)):
        start = time + chance.randint(0, 9_000)
        time = start + chance.randint(1, 9_000)
        text = " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, 12)))
        drafts.append(
            spoken(chance.choice("ABC"), start, time, text.capitalize() + chance.choice([".", "?", " !", ""]))
        )
    return drafts


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_cut_from_an_utterance_is_found_there(seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    drafts = random_talk(chance)
    finder, text = quotable(drafts), joined(draft.text for draft in drafts)
    starts = spans(draft.text for draft in drafts)
    for index, draft in enumerate(drafts):
        words = draft.text.split()
        first = chance.randrange(len(words))
        quote = " ".join(words[first : chance.randint(first, len(words)) + 1]).upper().strip(".?! ")
        if not quote:
            continue
        evidence = finder.locate(quote, speaker=draft.speaker, line=index)

        assert (evidence.state, evidence.utterance_ids[0]) == (State.VERIFIED, f"u{index}")
        assert starts[index] <= evidence.char_start < evidence.char_end <= starts[index] + len(draft.text)
        assert finder.locate(text[evidence.char_start : evidence.char_end], line=index).state == State.VERIFIED
        assert draft.start_ms <= evidence.start <= evidence.end <= draft.end_ms
        assert finder.locate(f"{quote} вертолёт", line=index).reason == Reason.NOT_FOUND
