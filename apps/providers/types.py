"""Our words for what engines do: frozen dataclasses in, frozen dataclasses out.

An engine has two methods. `ask` is the only thing that costs: its answer is plain JSON, and the gateway
stores it before anybody looks inside. `read` is a pure function of that answer: it may be repeated for free.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID


class Operation(StrEnum):
    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    EMBED = "embed"


@dataclass(frozen=True, slots=True)
class Engine:
    """What an engine is, as far as routing, the ledger and the reuse of answers care."""

    operation: Operation
    provider: str
    model: str
    version: str
    """Names the parameters: another version is another engine, whose answers are not mixed with the old ones."""
    languages: frozenset[str] | None = None
    """Primary subtags ("en"); None: any language, detection included."""
    tasks: frozenset[str] | None = None
    """Report types that a language model can make; None: any."""
    prompt_version: str = ""
    charges: bool = True
    """False: a call can never cost money, however it ends."""

    def understands(self, language_code: str | None) -> bool:
        """Without a language only an engine that takes any language is of use."""
        if self.languages is None:
            return True
        return language_code is not None and language_primary(language_code) in self.languages

    def performs(self, task: str) -> bool:
        return self.tasks is None or task in self.tasks


def language_primary(language_code: str) -> str:
    """Return the primary subtag of a BCP 47 tag: "en" of "en-GB"."""
    return language_code.replace("_", "-").split("-", 1)[0].lower()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call consumed, in the units that engines bill by; None where a unit does not apply."""

    audio_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    characters: int | None = None

    def units(self) -> dict[str, int]:
        pairs = {
            "audio_ms": self.audio_ms,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "characters": self.characters,
        }
        return {name: value for name, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """An engine's reply exactly as it came: JSON, so that it can be kept and read again."""

    raw: Mapping[str, Any]
    usage: Usage = field(default_factory=Usage)
    provider_request_id: str | None = None


# --- Speech to text ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    audio: Path
    """16 kHz mono FLAC on this machine."""
    duration_ms: int
    language_code: str | None = None
    speakers_expected: int | None = None
    keyterms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """Times count from the start of the request's audio; None where the engine gives none."""

    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    confidence: float | None = None
    """A probability from 0 to 1; None where the engine has no such number."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech of one speaker. `speaker` is the engine's own label, of meaning inside one answer."""

    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str | None = None
    confidence: float | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcription:
    """No segments is an answer too: the engine heard nothing. What that means is for the caller to say."""

    segments: tuple[Segment, ...] = ()
    language_code: str | None = None
    """What the engine heard, where it tells."""


class SpeechEngine(Protocol):
    @property
    def engine(self) -> Engine: ...

    def ask(self, request: SpeechRequest, *, stop: threading.Event | None = None) -> Answer:
        """Call the engine once, without repeats. Raises an EngineError; ends soon after `stop` is set."""

    def read(self, answer: Answer, request: SpeechRequest) -> Transcription:
        """Translate an answer. Raises EngineAnswerError where it makes no sense."""


# --- Language models ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance of a transcript, as shown to a language model."""

    index: int
    """The number that a quote refers to."""
    speaker: str | None
    start_ms: int | None
    end_ms: int | None
    text: str


@dataclass(frozen=True, slots=True)
class LanguageRequest:
    task: str
    """Key of the report type, such as "summary"."""
    language_code: str
    lines: tuple[Line, ...]
    instructions: str = ""
    output_schema: Mapping[str, Any] | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that somebody is said to have said. A claim to be checked, not yet evidence."""

    text: str
    speaker: str | None = None
    line: int | None = None
    """Index of the line in which the quote begins, where the engine says."""


@dataclass(frozen=True, slots=True)
class Claim:
    title: str
    text: str
    category: str
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a language model wrote. Nothing in it is believed before its quotes have been checked."""

    title: str
    text: str
    """Markdown."""
    claims: tuple[Claim, ...] = ()
    totals: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON: numbers and lists that belong to the report as a whole."""


class LanguageEngine(Protocol):
    @property
    def engine(self) -> Engine: ...

    def ask(self, request: LanguageRequest, *, stop: threading.Event | None = None) -> Answer:
        """Call the engine once, without repeats. Raises an EngineError; ends soon after `stop` is set."""

    def read(self, answer: Answer, request: LanguageRequest) -> Draft:
        """Translate an answer. Raises EngineAnswerError where it makes no sense."""


# --- Text to speech ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    text: str
    language_code: str
    voice: str | None = None
    """The engine's name of a voice; None: its usual one for the language."""
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Speech:
    audio: bytes
    media_type: str


class VoiceEngine(Protocol):
    @property
    def engine(self) -> Engine: ...

    def ask(self, request: VoiceRequest, *, stop: threading.Event | None = None) -> Answer:
        """Call the engine once, without repeats; audio is base64 in the raw answer. Raises an EngineError."""

    def read(self, answer: Answer, request: VoiceRequest) -> Speech:
        """Translate an answer. Raises EngineAnswerError where it makes no sense."""


# --- What the gateway answers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechOutcome:
    transcription: Transcription
    provider: str
    model: str
    cached: bool
    """True: an earlier answer was used again and nothing was paid."""
    call_id: UUID


@dataclass(frozen=True, slots=True)
class LanguageOutcome:
    draft: Draft
    provider: str
    model: str
    prompt_version: str
    cost: Decimal
    currency: str
    cached: bool
    """True: an earlier answer was used again and nothing was paid."""
    call_id: UUID
