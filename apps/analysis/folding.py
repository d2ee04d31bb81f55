"""Text reduced to its letters and digits, in any language, with the way back to where each came from.

Two texts that fold alike say the same words: case, width, the dots of ё, spaces and punctuation make no difference.
Words stay apart by one space, so that "art" is not found in "start". Scripts that are written without spaces fold
letter by letter, since there the engines' spaces mean nothing.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

SPACE = " "

_CLUSTER = re.compile(r".[\u0300-\u036f\u0483-\u0487\u3099\u309a\uff9e\uff9f\u1160-\u11ff]*", re.DOTALL)
"""A character with the marks that normalisation may melt into it, as in decomposed "й" or half-width "が"."""
_INSIDE_WORDS = frozenset("'\u2019\u02bc\u00ad\u200b\u200c\u200d\u2060\ufeff\u0300\u0301")
"""Apostrophes, invisible characters and marks of stress: "don't" and "dont" are one word."""
_IE = "\u0435"
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana, Han."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The folded text, and for each of its characters where in the original it begins and ends."""

    text: str
    starts: "array[int]"  # array is subscriptable at run time from Python 3.12 on
    ends: "array[int]"


def fold(text: str) -> Folded:
    """Fold a text; the result begins and ends with a space unless nothing is left of it."""
    letters: list[str] = []
    starts, ends = array("q"), array("q")
    for letter, start, end in _letters(text):
        if letter == SPACE and letters[-1:] in ([], [SPACE]):
            continue
        if not letters:
            letters.append(SPACE)
            starts.append(start)
            ends.append(start)
        letters.append(letter)
        starts.append(start)
        ends.append(end)
    if letters and letters[-1] != SPACE:
        letters.append(SPACE)
        starts.append(len(text))
        ends.append(len(text))
    return Folded("".join(letters), starts, ends)


def _letters(text: str) -> Iterator[tuple[str, int, int]]:
    for cluster in _CLUSTER.finditer(text):
        for letter in _folded(cluster.group()):
            yield letter, cluster.start(), cluster.end()


@lru_cache(maxsize=16_384)
def _folded(cluster: str) -> str:
    """Return what is left of a character: itself, a space for what separates words, or nothing."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold()).replace("ё", _IE)
    return "".join(_letter(character) for character in plain)


def _letter(character: str) -> str:
    if character in _INSIDE_WORDS:
        return ""
    if unicodedata.category(character)[0] not in "LNM":
        return SPACE
    return f"{SPACE}{character}{SPACE}" if _WITHOUT_SPACES.match(character) else character
