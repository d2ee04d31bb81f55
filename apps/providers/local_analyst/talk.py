"""Who talked how long, how fast, with which pauses, and what was asked. Counting, nothing else."""

# ruff: noqa: RUF001 - Russian letters are meant

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from apps.providers.local_analyst.stopwords import word_key
from apps.providers.local_analyst.text import Piece, words_of
from apps.providers.types import Line

PAUSE_MS = 1000
"""A shorter silence between two utterances is breathing."""

PUNCTUATED = re.compile(r"[.!?\u2026](?:\s|$)")
"""Where a transcript has sentence marks, a question has its mark too; only else words have to tell."""

_WORD_QUESTIONS = {
    "en": re.compile(
        r"^(?:and |but |so |well |okay |ok )?(?:"
        r"(?:who|what|when|where|why|how|which|whose)(?:'s|'re|'d)\b"
        r"|(?:who|what|when|where|why|how|which|whose) (?:\w+ )?"
        r"(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|have|has|had|may|might)\b"
        r"|(?:is|are|was|were|do|does|did|can|could|will|would|should|shall|have|has|may) "
        r"(?:i|you|he|she|it|we|they|there|this|that|these|those|your|anyone|anybody)\b"
        r"|(?:isn't|aren't|don't|doesn't|didn't|can't|couldn't|won't|wouldn't|haven't) (?:i|you|he|she|it|we|they)\b"
        r")",
        re.IGNORECASE,
    ),
    "ru": re.compile(
        r"^(?:а |и |но |ну |так |хорошо )?(?:"
        r"(?:почему|зачем|сколько|где|куда|откуда|кто|кому|кого|чей|чья|какой|какая|какое|какие|какую|каких)\b"
        r"|(?:как|что|когда|о чем|про что) (?:вы|ты|вам|тебе|вас|у вас|это|такое|часто|долго|давно|именно|насчет)\b"
        r"|(?:разве|неужели)\b"
        r"|\w+ ли\b"
        r")",
        re.IGNORECASE,
    ),
}


@dataclass(frozen=True, slots=True)
class SpeakerTalk:
    """Times are 0 where the transcript has none; pace is words per minute of talk, None without times."""

    speaker: str | None
    talk_ms: int
    share: float | None
    turns: int
    words: int
    pace_wpm: int | None
    pauses: int
    pause_ms: int
    """Silence of a second or more inside the speaker's own turns."""
    response_ms: int | None
    """Median silence before the speaker answers another; 0 where they cut in."""
    longest_turn_ms: int
    questions: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Utterances of one speaker without another in between."""

    lines: tuple[Line, ...]

    @property
    def speaker(self) -> str | None:
        return self.lines[0].speaker

    @property
    def talk_ms(self) -> int:
        return sum(_length(line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Talk:
    speakers: tuple[SpeakerTalk, ...]
    turns: tuple[Turn, ...]
    questions: tuple[Piece, ...]
    pauses: int
    pause_ms: int
    longest_pause_ms: int


def talk_of(lines: Sequence[Line], pieces: Sequence[Piece], language: str) -> Talk:
    turns = _turns(lines)
    questions = tuple(_questions(pieces, language))
    names = list(dict.fromkeys(line.speaker for line in lines))
    total_ms = sum(turn.talk_ms for turn in turns)
    silences = [gap for gap in _gaps(lines) if gap >= PAUSE_MS]
    speakers = (_speaker(name, turns, questions, total_ms) for name in names)
    return Talk(
        speakers=tuple(sorted(speakers, key=lambda item: (-item.talk_ms, -item.words))),
        turns=tuple(turns),
        questions=questions,
        pauses=len(silences),
        pause_ms=sum(silences),
        longest_pause_ms=max(silences, default=0),
    )


def _speaker(name: str | None, turns: Sequence[Turn], questions: Sequence[Piece], total_ms: int) -> SpeakerTalk:
    own = [turn for turn in turns if turn.speaker == name]
    talk_ms = sum(turn.talk_ms for turn in own)
    words = sum(len(words_of(line.text)) for turn in own for line in turn.lines)
    silences = [gap for turn in own for gap in _gaps(turn.lines) if gap >= PAUSE_MS]
    changes = pairwise(turns)
    responses = [
        gap for before, after in changes if after.speaker == name for gap in _gaps((before.lines[-1], after.lines[0]))
    ]
    return SpeakerTalk(
        speaker=name,
        talk_ms=talk_ms,
        share=round(talk_ms / total_ms, 4) if total_ms else None,
        turns=len(own),
        words=words,
        pace_wpm=round(words * 60_000 / talk_ms) if talk_ms else None,
        pauses=len(silences),
        pause_ms=sum(silences),
        response_ms=round(median(responses)) if responses else None,
        longest_turn_ms=max(turn.talk_ms for turn in own),
        questions=sum(piece.line.speaker == name for piece in questions),
    )


def _turns(lines: Sequence[Line]) -> list[Turn]:
    grouped: list[list[Line]] = []
    for line in lines:
        if grouped and grouped[-1][0].speaker == line.speaker:
            grouped[-1].append(line)
        else:
            grouped.append([line])
    return [Turn(tuple(group)) for group in grouped]


def _length(line: Line) -> int:
    if line.start_ms is None or line.end_ms is None:
        return 0
    return max(0, line.end_ms - line.start_ms)


def _gaps(lines: Sequence[Line]) -> list[int]:
    """Silences between neighbours, 0 where they overlap; pairs without times are left out."""
    pairs = pairwise(lines)
    return [
        max(0, after.start_ms - before.end_ms)
        for before, after in pairs
        if before.end_ms is not None and after.start_ms is not None
    ]


def _questions(pieces: Sequence[Piece], language: str) -> Iterable[Piece]:
    if any(PUNCTUATED.search(piece.text) for piece in pieces):
        return [piece for piece in pieces if piece.text.rstrip("\"'\u00bb\u201d)!. ").endswith("?")]
    pattern = _WORD_QUESTIONS[language]
    return [piece for piece in pieces if pattern.match(word_key(piece.text))]
