"""Text from engines, models and people, made fit for a database and a page."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate

_DROPPED_CATEGORIES = {"Cc", "Cs"}
"""Control characters (PostgreSQL takes no NUL) and lone halves of surrogate pairs (UTF-8 takes none)."""
_BYTE_ORDER_MARK = "\ufeff"


def line_clean(raw: str) -> str:
    """Return the text on one line: white space of any kind becomes one space, none at the ends."""
    return "".join(_kept(character) for character in " ".join(raw.split())).strip()


def block_clean(raw: str) -> str:
    """Return text of several lines without what a database or a page cannot hold."""
    lines = raw.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).split("\n")
    return "\n".join("".join(_kept(character) for character in line).rstrip() for line in lines).strip("\n")


def joined(texts: Iterable[str]) -> str:
    """Return the text of a transcript: its utterances joined by one space."""
    return " ".join(texts)


def spans(texts: Iterable[str]) -> list[int]:
    """Return where in the joined text each utterance begins, in code points."""
    return list(accumulate((len(text) + 1 for text in texts), initial=0))[:-1]


@lru_cache(maxsize=4096)
def _kept(character: str) -> str:
    dropped = character == _BYTE_ORDER_MARK or unicodedata.category(character) in _DROPPED_CATEGORIES
    return "" if dropped else character
