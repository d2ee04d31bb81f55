"""What a person does about speech without text: declares it silence, or types what was said."""

from uuid import UUID

from django.db import transaction

from apps.accounts.services import audit
from apps.accounts.types import Actor
from apps.core.errors import UserError
from apps.pipeline.errors import RunOpenError, UnknownGapError
from apps.pipeline.models import Kind, Run
from apps.pipeline.services import flow, runs
from apps.recordings.errors import RecordingNotFoundError
from apps.recordings.models import Recording
from apps.transcripts import services as transcripts
from apps.transcripts.models import Transcript
from apps.transcripts.selectors import transcript_current


@transaction.atomic
def gap_accept(*, recording: Recording, actor: Actor, start_ms: int, end_ms: int) -> None:
    """Declare a gap to be silence: it counts as speech no more. Raises UnknownGapError, RunOpenError."""
    locked, transcript = _open_gap(recording, start_ms, end_ms)
    transcripts.silence_accept(recording=locked, transcript=transcript, start_ms=start_ms, end_ms=end_ms)
    audit(actor=actor, action="gap.accept", object_id=locked.pk, details={"start": start_ms, "end": end_ms})
    _judge_again(locked, actor)


@transaction.atomic
def gap_type(*, recording: Recording, actor: Actor, start_ms: int, end_ms: int, text: str, speaker: str) -> None:
    """Fill a gap with what a person heard. Raises UnknownGapError, RunOpenError, UserError for an empty text."""
    if not text.strip():
        raise UserError("Type what is said, or accept the gap as silence.", param="text")
    locked, transcript = _open_gap(recording, start_ms, end_ms)
    transcripts.utterance_add(
        recording=locked, transcript=transcript, start_ms=start_ms, end_ms=end_ms, text=text, speaker=speaker
    )
    audit(actor=actor, action="gap.type", object_id=locked.pk, details={"start": start_ms, "end": end_ms})
    _judge_again(locked, actor)


def _open_gap(recording: Recording, start_ms: int, end_ms: int) -> tuple[Recording, Transcript]:
    locked = flow.recording_lock(recording.pk)
    if locked is None:
        raise RecordingNotFoundError
    if locked.runs.filter(status=Run.Status.OPEN).exists():
        raise RunOpenError
    transcript = transcript_current(recording=locked)
    if transcript is None or {"start": start_ms, "end": end_ms} not in transcript.gaps:
        raise UnknownGapError
    return locked, transcript


def _judge_again(recording: Recording, actor: Actor) -> UUID:
    """Reports are written anew over the new text; at their end the recording's status is decided again."""
    return runs.recording_rerun(recording=recording, actor=actor, from_stage=Kind.ANALYZE).pk
