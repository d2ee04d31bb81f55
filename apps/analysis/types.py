"""Words about reports that need no database. Times are integer milliseconds."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How well a claim is carried by what was said."""

    VERIFIED = "verified"
    APPROXIMATE = "approximate"
    UNSUPPORTED = "unsupported"


class Reason(StrEnum):
    """Why a quote is unsupported."""

    NOT_FOUND = "not_found"
    OTHER_SPEAKER = "other_speaker"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote, and where our own search found it: utterances, speaker and times are never the model's word.

    `char_start` and `char_end` count code points of the transcript's text. Where the quote was not found in one
    piece, the positions are None; where somebody else said it, they show who and when.
    """

    quote: str
    state: State
    reason: Reason | None = None
    similarity: float = 0.0
    """1.0: the same words. 0.0: not found."""
    utterance_ids: tuple[str, ...] = ()
    speaker: str | None = None
    start: int | None = None
    end: int | None = None
    char_start: int | None = None
    char_end: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"utterance_ids": list(self.utterance_ids)}
