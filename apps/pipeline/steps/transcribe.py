"""Transcribe one chunk. Chunks run in parallel and know nothing of each other."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from apps.core import storage
from apps.pipeline.services.claims import Claim
from apps.pipeline.steps.language import language_of
from apps.pipeline.steps.types import Outcome
from apps.providers.services import speech_transcribe
from apps.providers.types import Segment, SpeechOutcome, SpeechRequest, Word
from apps.recordings.models import Recording
from apps.transcripts.text import line_clean


class Transcribe:
    def compute(self, claim: Claim) -> Outcome:
        stage = claim.stage
        recording, chunk = stage.run.recording, stage.input
        language_code, is_assumed = language_of(recording)
        with TemporaryDirectory(prefix="vox-chunk-") as folder:
            audio = Path(folder) / "chunk.flac"
            storage.download(chunk["key"], audio)
            outcome = speech_transcribe(
                workspace_id=recording.workspace_id,
                subject_id=recording.pk,
                content_key=content_key(recording, chunk),
                purpose=str(stage.index),
                request=SpeechRequest(
                    audio=audio,
                    duration_ms=chunk["end_ms"] - chunk["start_ms"],
                    language_code=language_code,
                    speakers_expected=recording.speakers_expected,
                    keyterms=tuple(recording.keyterms),
                ),
                cache_scope=str(stage.run_id) if stage.run.ignore_cache or chunk.get("ask_again") else "",
                stop=claim.stop,
            )
        return Outcome(chunk_result(outcome, language_code, is_assumed=is_assumed), save_nothing_else)


def content_key(recording: Recording, chunk: dict[str, Any]) -> str:
    """Name exactly the sound of a chunk: the same bytes cut in the same way are the same work."""
    return f"{recording.sha256}/{chunk['version']}/{chunk['channel']}/{chunk['start_ms']}-{chunk['end_ms']}"


def chunk_result(outcome: SpeechOutcome, language_code: str | None, *, is_assumed: bool) -> dict[str, Any]:
    """Return what the stage's row keeps. Times are relative to the chunk."""
    heard = outcome.transcription
    return {
        "segments": [_segment(segment) for segment in heard.segments],
        "provider": outcome.provider,
        "model": outcome.model,
        "cached": outcome.cached,
        "language_code": heard.language_code or language_code,
        "language_assumed": is_assumed and heard.language_code is None,
    }


def save_nothing_else(_recording: Recording) -> None:
    """The row of the stage holds all that came of it."""


def _segment(segment: Segment) -> dict[str, Any]:
    """Return a segment as JSON that PostgreSQL takes, whatever characters the engine has put into it."""
    return {
        "text": line_clean(segment.text),
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "speaker": segment.speaker and line_clean(segment.speaker),
        "confidence": segment.confidence,
        "words": [_word(word) for word in segment.words],
    }


def _word(word: Word) -> dict[str, Any]:
    return {
        "text": line_clean(word.text),
        "start_ms": word.start_ms,
        "end_ms": word.end_ms,
        "confidence": word.confidence,
    }
