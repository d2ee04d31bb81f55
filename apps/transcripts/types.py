"""Words about transcripts that need no database. All times are integer milliseconds."""

from dataclasses import dataclass

from apps.providers.types import Segment


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A stretch of the recording, from `start_ms` up to but not including `end_ms`."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class ChunkText:
    """What one engine answered for one chunk. The segments' times count from the start of the chunk."""

    channel: int
    start_ms: int
    end_ms: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class UtteranceWord:
    """A word with its times in the recording."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class UtteranceDraft:
    """A stretch of one speaker, not saved yet. Times count from the start of the recording."""

    speaker: str
    start_ms: int
    end_ms: int
    text: str
    confidence: float | None = None
    words: tuple[UtteranceWord, ...] = ()
    """Empty where no engine knew the times of all of them."""
    channel: int | None = None
    """Where it was heard; None where a person typed it: that counts on every channel."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the detected speech has text. Speech on two channels at once counts twice."""

    speech_ms: int
    covered_ms: int
    gaps: tuple[Region, ...] = ()
