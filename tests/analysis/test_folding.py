# ruff: noqa: RUF001 - letters that look alike are the point
import random
import unicodedata

import pytest

from apps.analysis.folding import fold


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Don’t stop!", "dont STOP"),
        ("Ещё  раз: договор\nподписан…", "еще раз договор подписан"),
        ("й", "и\u0306"),
        ("замок", "за\u0301мок"),
        ("Straße, Größe", "STRASSE GRÖSSE"),
        ("ﬁnal ＡＢＣ １２", "final abc 12"),
        ("ガス ガス", "ｶﾞｽ カ\u3099ス"),
        ("今日は、いい天気ですね。", "今日 は いい 天気 です ね"),
        ("twenty-one", "twenty one"),
        ("co\u00adoperate", "cooperate"),
    ],
)
def test_texts_that_say_the_same_words_fold_alike(left, right):
    assert fold(left).text == fold(right).text


@pytest.mark.parametrize(
    ("left", "right"),
    [("договор", "договоры"), ("Größe", "Grosse"), ("start", "art"), ("15", "50"), ("мой", "мои"), ("は", "ば")],
)
def test_texts_that_say_other_words_do_not(left, right):
    assert fold(left).text != fold(right).text


@pytest.mark.parametrize("text", ["", " ", "…?! —", "\u200b"])
def test_nothing_said_is_nothing(text):
    assert fold(text).text == ""


ALPHABETS = "aZß Éêﬁ'’-.,  \n", "ЁёйЙи\u0306а\u0301 ,", "ｶﾞがカ\u3099今日。 ー", "한국어 \u1112\u1161\u11ab", "👩‍👩½㈱ x"


@pytest.mark.parametrize("seed", range(40))
def test_every_folded_letter_leads_back_to_where_it_came_from(seed):
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    text = "".join(chance.choice(chance.choice(ALPHABETS)) for _ in range(chance.randint(0, 40)))

    folded = fold(text)

    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert "  " not in folded.text
    assert folded.text == "" or (folded.text[0], folded.text[-1]) == (" ", " ")
    assert list(folded.starts) == sorted(folded.starts)
    for letter, start, end in zip(folded.text, folded.starts, folded.ends, strict=True):
        if letter != " ":
            assert letter in fold(text[start:end]).text
    assert fold(unicodedata.normalize("NFC", folded.text)).text == folded.text
