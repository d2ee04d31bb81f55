"""The local analyst on small conversations, and on sizes that real ones have."""

# ruff: noqa: RUF001 - Russian letters are meant

import random
import time

import pytest

from apps.providers.local_analyst.report import report_write
from apps.providers.local_analyst.text import Stems, pieces_of
from apps.providers.types import LanguageRequest, Line

RUSSIAN = [
    ("Анна", "Здравствуйте, меня зовут Анна, я проектирую рестораны."),
    ("Анна", "Расскажите, пожалуйста, какие задачи решает ваш ресторан?"),
    ("Пётр", "Главная задача ресторана вечером - удержать гостей в зале."),
    ("Пётр", "Гости жалуются на шум у входа и на тёмный бар."),
    ("Анна", "Шум у входа мешает гостям, мы поставим перегородку."),
    ("Пётр", "Перегородка у входа и свет в баре - это первый этап ремонта."),
    ("Анна", "Сколько стоит первый этап ремонта?"),
    ("Пётр", "Первый этап ремонта стоит два миллиона рублей."),
    ("Анна", "Да, понятно."),
]


def lines_of(said: list[tuple[str | None, str]], *, timed: bool = True) -> tuple[Line, ...]:
    return tuple(
        Line(n, speaker, n * 6000 if timed else None, n * 6000 + 4000 if timed else None, text)
        for n, (speaker, text) in enumerate(said)
    )


def report(task: str, said: list[tuple[str | None, str]], language: str = "ru-RU", *, timed: bool = True):
    return report_write(LanguageRequest(task, language, lines_of(said, timed=timed)))


def test_a_russian_summary_quotes_what_the_talk_was_about():
    draft = report("summary", RUSSIAN)

    assert draft.title == "Краткое содержание"
    assert "без языковой модели" in draft.text
    assert any("ремонта" in claim.text for claim in draft.claims)
    assert "первый этап ремонта" in [phrase["text"] for phrase in draft.totals["key_phrases"]]
    for claim in draft.claims:
        (quote,) = claim.quotes
        assert (quote.speaker, quote.text) == RUSSIAN[quote.line]


def test_forms_of_one_word_are_one_stem():
    stems = Stems("ru")

    assert len({stems.of_word(word) for word in ("ремонт", "ремонта", "Ремонту", "ремонтом")}) == 1
    assert stems.of_word("ещё") is None


def test_a_conversation_is_counted_per_speaker():
    draft = report("conversation", RUSSIAN)

    totals = draft.totals
    anna, pyotr = sorted(totals["speakers"], key=lambda speaker: speaker["speaker"])
    assert (anna["turns"], anna["talk_ms"], anna["questions"]) == (4, 20_000, 2)
    assert (pyotr["turns"], pyotr["talk_ms"], pyotr["response_ms"]) == (3, 16_000, 2000)
    assert anna["share"] + pyotr["share"] == pytest.approx(1, abs=0.001)
    assert anna["pace_wpm"] == round(anna["words"] * 60 / 20)
    assert (anna["pauses"], anna["pause_ms"]) == (1, 2000)
    assert totals["pauses"] == {"count": 8, "total_ms": 16_000, "longest_ms": 2000}
    assert [claim.text for claim in draft.claims if claim.category == "question"] == [
        "Расскажите, пожалуйста, какие задачи решает ваш ресторан?",
        "Сколько стоит первый этап ремонта?",
    ]


@pytest.mark.parametrize(
    ("language", "text", "is_question"),
    [
        ("en", "what is natural language processing", True),
        ("en", "what's the weather like", True),
        ("en", "so how much does it cost", True),
        ("en", "do you like the place", True),
        ("en", "what joy there is in living", False),
        ("en", "when forty winters shall besiege thy brow", False),
        ("ru", "сколько это стоит", True),
        ("ru", "а можно ли прийти завтра", True),
        ("ru", "как вы об этом узнали", True),
        ("ru", "что касается бара он хороший", False),
    ],
)
def test_questions_are_found_where_nobody_wrote_a_mark(language, text, is_question):
    draft = report("conversation", [("A", text)], language)

    assert draft.totals["questions"] == int(is_question)


def test_with_marks_only_marks_count():
    draft = report("conversation", [("A", "What joy is there. You know it?")], "en")

    assert [claim.text for claim in draft.claims] == ["You know it?"]


@pytest.mark.parametrize("task", ["summary", "conversation"])
@pytest.mark.parametrize(("language", "words"), [("en", "No speech"), ("ru", "Речь в записи не найдена")])
@pytest.mark.parametrize("said", [[], [("A", "  ")], [("A", "...")]])
def test_nothing_said_is_said_so(task, language, words, said):
    draft = report(task, said, language)

    assert words in draft.text
    assert draft.claims == ()


@pytest.mark.parametrize("task", ["summary", "conversation"])
def test_one_line_without_times_or_speaker_will_do(task):
    draft = report(task, [(None, "eight of spades four of clubs seven of hearts")], "en", timed=False)

    assert "without a language model" in draft.text


def test_a_long_line_without_punctuation_is_quoted_in_parts():
    text = " ".join(f"word{n} ring beach children" for n in range(100))
    line = Line(0, None, 0, 60_000, text)

    pieces = pieces_of([line], Stems("en"))
    draft = report_write(LanguageRequest("summary", "en", (line,)))

    assert [piece.words for piece in pieces] == [40] * 10
    assert " ".join(piece.text for piece in pieces) == text
    assert all(claim.quotes[0].text in text for claim in draft.claims)


@pytest.mark.parametrize("count", [1, 3000])
def test_two_hundred_thousand_characters_take_seconds(count):
    chance = random.Random(1)  # noqa: S311 - made-up words
    words = ["".join(chance.choices("abcdefghiklmnoprstu", k=chance.randint(2, 9))) for _ in range(5000)]
    text = " ".join(chance.choices(words, weights=[1 / (n + 1) for n in range(5000)], k=36_000))[:200_000]
    size = len(text) // count
    lines = [(f"S{n % 3}", text[n * size : (n + 1) * size]) for n in range(count)]
    began = time.process_time()

    draft = report("summary", lines, "en")

    assert len(draft.claims) == 10
    assert time.process_time() - began < 20
