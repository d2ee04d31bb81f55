"""A transcript as the page of a recording shows it: utterances and gaps in one stream, speakers with colours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.staff import formats
from apps.transcripts.models import Transcript, Utterance

SPEAKER_COLOURS = 8


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who talks: their colour, and how much of the talk is theirs."""

    name: str
    colour: int
    talk_ms: int
    share: int
    """Percent of all talk."""

    @property
    def talk(self) -> str:
        return formats.span(self.talk_ms)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what somebody says, or (with `is_gap`) speech that has no text."""

    start_ms: int
    end_ms: int
    clock: str
    is_gap: bool = False
    until: str = ""
    id: str = ""
    speaker: str = ""
    colour: int = 0
    is_turn: bool = False
    """The speaker is another one than in the line before."""
    text: str = ""
    word_starts: str = ""
    """When each word of the text begins, in ms from the line's start, separated by commas; "" where unknown."""
    is_doubtful: bool = False


DOUBTFUL_BELOW = 0.5
"""Utterances of which an engine was less sure than this are marked."""


def speakers_of(utterances: Iterable[Utterance]) -> list[Speaker]:
    """Return the speakers in the order in which they are first heard."""
    talk: dict[str, int] = {}
    for one in utterances:
        talk[one.speaker] = talk.get(one.speaker, 0) + one.end_ms - one.start_ms
    total = sum(talk.values())
    return [
        Speaker(name, colour % SPEAKER_COLOURS, ms, round(100 * ms / total) if total else 0)
        for colour, (name, ms) in enumerate(talk.items())
    ]


def lines_of(transcript: Transcript, utterances: Sequence[Utterance], speakers: Iterable[Speaker]) -> list[Line]:
    """Return utterances and gaps in the order of their times."""
    colours = {speaker.name: speaker.colour for speaker in speakers}
    lines = [_spoken(one, colours[one.speaker]) for one in utterances]
    lines += [_gap(one) for one in transcript.gaps]
    lines.sort(key=lambda line: line.start_ms)
    return _with_turns(lines)


def _spoken(one: Utterance, colour: int) -> Line:
    return Line(
        start_ms=one.start_ms,
        end_ms=one.end_ms,
        clock=formats.duration(one.start_ms),
        id=str(one.pk),
        speaker=one.speaker,
        colour=colour,
        text=one.text,
        word_starts=_word_starts(one),
        is_doubtful=one.confidence is not None and one.confidence < DOUBTFUL_BELOW,
    )


def _gap(gap: dict[str, Any]) -> Line:
    return Line(
        start_ms=gap["start"],
        end_ms=gap["end"],
        clock=formats.duration(gap["start"]),
        until=formats.duration(gap["end"]),
        is_gap=True,
    )


def _with_turns(lines: Iterable[Line]) -> list[Line]:
    shown: list[Line] = []
    before = None
    for line in lines:
        is_turn = not line.is_gap and line.speaker != before
        before = None if line.is_gap else line.speaker
        shown.append(_turned(line) if is_turn else line)
    return shown


def _turned(line: Line) -> Line:
    values = {name: getattr(line, name) for name in Line.__slots__}
    return Line(**values | {"is_turn": True})


def _word_starts(one: Utterance) -> str:
    """The page finds words by counting: it needs a time for each, or none."""
    if len(one.words) != len(one.text.split()):
        return ""
    return ",".join(str(word["start"] - one.start_ms) for word in one.words)
