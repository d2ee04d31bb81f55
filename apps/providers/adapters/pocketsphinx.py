"""English speech without network or key: pocketsphinx with its bundled model, in a child process.

It hears one word in two of a difficult recording: a working fallback, not a product recogniser. Its figures are
kept by benchmarks/speech_local.py.
"""

import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.core.child import ChildFailedError, ChildKilledError, ChildStoppedError, Limits, run_child
from apps.providers.errors import (
    EngineAnswerError,
    EngineBadInputError,
    EngineStoppedError,
    EngineUnavailableError,
)
from apps.providers.types import (
    Answer,
    Engine,
    Operation,
    Segment,
    SpeechRequest,
    Transcription,
    Usage,
    Word,
)

CHILD = "apps.providers.adapters.pocketsphinx_child"
MEMORY_BYTES = 2 * 1024**3
"""Address space. Measured: 0.4 GB, the mapped model included."""
START_SECONDS = 30
SECONDS_PER_AUDIO_SECOND = 3
"""Measured: 0.3 s of processor time; the rest is for machines that are slow or busy."""

POCKETSPHINX = Engine(
    operation=Operation.STT,
    provider="pocketsphinx",
    model="en-us",
    version="1",
    languages=frozenset({"en"}),
    charges=False,
)


@dataclass(frozen=True, slots=True)
class PocketsphinxSpeech:
    timeout_seconds: float
    """The longest that any call may take, whatever the length of its audio."""
    engine: Engine = POCKETSPHINX

    def ask(self, request: SpeechRequest, *, stop: threading.Event | None = None) -> Answer:
        allowance = START_SECONDS + SECONDS_PER_AUDIO_SECOND * request.duration_ms / 1000
        limits = Limits(
            cpu_seconds=round(allowance),
            wall_seconds=min(self.timeout_seconds, allowance),
            memory_bytes=MEMORY_BYTES,
            file_bytes=0,
        )
        try:
            with tempfile.TemporaryDirectory(prefix="vox-speech-") as folder:
                raw = run_child(
                    CHILD, {"audio": str(request.audio.resolve())}, limits=limits, cwd=Path(folder), stop=stop
                )
        except ChildFailedError as error:
            raise EngineBadInputError(error.detail) from error
        except ChildStoppedError as error:
            raise EngineStoppedError from error
        except ChildKilledError as error:
            raise EngineUnavailableError(error.detail) from error
        return Answer(raw=raw, usage=Usage(audio_ms=request.duration_ms))

    def read(self, answer: Answer, request: SpeechRequest) -> Transcription:  # noqa: ARG002 - the protocol's signature
        """Every number that pocketsphinx calls a probability is a score of the search: no confidence is given."""
        try:
            segments = tuple(_segment(words) for words in answer.raw["utterances"])
        except (KeyError, TypeError, ValueError) as error:
            raise EngineAnswerError("Not an answer of our own child") from error
        return Transcription(segments)  # it was told the language, it heard none


def build(*, timeout_seconds: float) -> PocketsphinxSpeech:
    return PocketsphinxSpeech(timeout_seconds)


def _segment(raw_words: list[list[Any]]) -> Segment:
    words = tuple(Word(str(text), int(start_ms), int(end_ms)) for text, start_ms, end_ms in raw_words)
    return Segment(
        text=" ".join(word.text for word in words),
        start_ms=words[0].start_ms,
        end_ms=words[-1].end_ms,
        words=words,
    )
