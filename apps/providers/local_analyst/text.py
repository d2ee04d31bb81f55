"""From lines to pieces and stems. A piece is always an exact stretch of its line, so that it can be quoted."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from apps.providers.local_analyst.stopwords import STOPWORDS, word_key
from apps.providers.types import Line

WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
SENTENCE_END = re.compile(r"(?<=[.!?\u2026])[\"'\u00bb\u201d)]*\s+")
PIECE_WORDS = 40
"""Speech engines without punctuation give minutes in one line: a longer stretch is cut into parts of this size."""

STEMMERS = {"en": "english", "ru": "russian"}


@dataclass(frozen=True, slots=True)
class Piece:
    line: Line
    text: str
    stems: Counter[str]
    """Words that carry meaning; stop words are left out."""
    words: int


class Stems:
    """Stems of one language, each word stemmed once."""

    def __init__(self, language: str) -> None:
        self.stopwords = STOPWORDS[language]
        self._stem = lru_cache(maxsize=100_000)(snowballstemmer.stemmer(STEMMERS[language]).stemWord)

    def of_word(self, word: str) -> str | None:
        """Return the stem, or None for a stop word, a single letter or a number."""
        lower = word_key(word)
        if lower in self.stopwords or len(lower) < 2 or lower.isdigit():  # noqa: PLR2004 - one letter
            return None
        stem: str = self._stem(lower)
        return stem

    def of_words(self, words: Iterable[str]) -> Counter[str]:
        return Counter(stem for stem in map(self.of_word, words) if stem is not None)


def words_of(text: str) -> list[str]:
    return WORD.findall(text)


def pieces_of(lines: Iterable[Line], stems: Stems) -> list[Piece]:
    """Cut lines into sentences, and long unpunctuated stretches into parts of some forty words."""
    return [
        Piece(line, text, stems.of_words(words), len(words))
        for line in lines
        for text in _stretches(line.text)
        if (words := words_of(text))
    ]


def _stretches(text: str) -> Iterator[str]:
    for sentence in SENTENCE_END.split(text):
        stretch = sentence.strip()
        matches = list(WORD.finditer(stretch))
        if len(matches) <= PIECE_WORDS + PIECE_WORDS // 2:
            yield stretch
            continue
        starts = [match.start() for match in matches[::PIECE_WORDS]]
        starts[0] = 0
        if len(matches) % PIECE_WORDS < PIECE_WORDS // 2 and len(matches) % PIECE_WORDS:
            starts.pop()  # the last words stay with the part before them
        for start, end in zip(starts, [*starts[1:], len(stretch)], strict=True):
            yield stretch[start:end].strip()
