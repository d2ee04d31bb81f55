"""Subtitle cues: short enough to be read, at the times at which their words were said."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from apps.transcripts.timing import Timeline, timeline
from apps.transcripts.types import UtteranceDraft

LINE_COLUMNS = 42
LINES = 2
CUE_MS = 7_000
CUE_LEAST_MS = 500
"""A cue must not be empty in time (WebVTT forbids it) nor flash by."""

_PIECE = re.compile(r"\S+\s*")
_SENTENCE_END = re.compile(r"[.!?…。\uff01\uff1f][\"'»”\u2019)\]]*$")
_WIDE = frozenset("WF")


@dataclass(frozen=True, slots=True)
class Cue:
    speaker: str
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    """As spoken: escaping belongs to the format."""


def cues(utterances: Iterable[UtteranceDraft]) -> list[Cue]:
    """Return the cues of all utterances in the order in which they begin."""
    found = [cue for utterance in utterances for cue in _cues(utterance)]
    found.sort(key=lambda cue: cue.start_ms)
    return found


def columns(text: str) -> int:
    """Return how wide the text is shown: East Asian characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in _WIDE else 1 for character in text)


def _cues(utterance: UtteranceDraft) -> Iterator[Cue]:
    times = timeline(utterance)
    lines: tuple[str, ...] = ()
    begun = position = 0
    for piece in _pieces(utterance.text):
        longer = _filled(lines, piece)
        is_late = times.end_at(position + len(piece.rstrip())) - times.start_at(begun) > CUE_MS
        if lines and (longer is None or is_late or _is_finished(lines)):
            yield _cue(utterance, times, begun, lines)
            begun, longer = position, None
        lines = longer or (piece,)
        position += len(piece)
    if lines:
        yield _cue(utterance, times, begun, lines)


def _pieces(text: str) -> Iterator[str]:
    """Yield what must not be broken, with the space behind it: words, or the parts of what is wider than a line."""
    for match in _PIECE.finditer(text):
        piece = match.group()
        start = width = 0
        for index, character in enumerate(piece.rstrip()):
            width += columns(character)
            if width > LINE_COLUMNS:
                yield piece[start:index]
                start, width = index, columns(character)
        yield piece[start:]


def _filled(lines: tuple[str, ...], piece: str) -> tuple[str, ...] | None:
    """Return the lines with one piece more, None where it does not fit."""
    if lines and columns(lines[-1] + piece.rstrip()) <= LINE_COLUMNS:
        return (*lines[:-1], lines[-1] + piece)
    return (*lines, piece) if len(lines) < LINES else None


def _is_finished(lines: tuple[str, ...]) -> bool:
    """A full cue that ends a sentence does not begin the next one."""
    return len(lines) == LINES and _SENTENCE_END.search(lines[-1].rstrip()) is not None


def _cue(utterance: UtteranceDraft, times: Timeline, begun: int, lines: tuple[str, ...]) -> Cue:
    start = times.start_at(begun)
    end = times.end_at(begun + len("".join(lines).rstrip()))
    end = min(max(end, start + CUE_LEAST_MS), start + CUE_MS)
    return Cue(utterance.speaker, start, end, tuple(line.rstrip() for line in lines))
