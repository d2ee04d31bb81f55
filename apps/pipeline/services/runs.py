"""Runs: begun by an upload or by a person, canceled, and removed with their recording."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.services import audit
from apps.accounts.types import Actor
from apps.pipeline.errors import NothingToCancelError, RunOpenError, StageNotPossibleError, UnknownStageError
from apps.pipeline.models import Kind, Run, Stage
from apps.pipeline.selectors import transcript_of
from apps.pipeline.services import flow
from apps.pipeline.services.claims import stages_open
from apps.pipeline.services.flow import Turn
from apps.pipeline.services.hints import stages_hint
from apps.providers import services as providers
from apps.recordings import services as recordings
from apps.recordings.errors import RecordingNotFoundError
from apps.recordings.models import Recording
from apps.recordings.services import Mirror
from apps.recordings.types import RecordingDraft, StoredFile

BEGUN = Mirror(progress=0, error_code="", error_detail="")
"""What a recording shows when it is processed again, whatever came of it before."""


@transaction.atomic
def recording_submit(*, actor: Actor, recording_id: UUID, stored: StoredFile, draft: RecordingDraft) -> Recording:
    """Accept a stored file: recording, run, first stage and audit entry, all or nothing."""
    recording = recordings.recording_create(
        workspace_id=actor.workspace_id,
        recording_id=recording_id,
        stored=stored,
        draft=draft,
        uploaded_by=actor.name,
        stage=Kind.PREPARE,
    )
    run = Run.objects.create(recording=recording, number=1, requested_by=actor.name)
    stages = flow.preparation_open(run).stages
    stages_open(run=run, stages=stages)
    stages_hint(stages)
    audit(actor=actor, action="recording.create", object_id=recording.pk)
    return recording


@transaction.atomic
def recording_rerun(
    *, recording: Recording, actor: Actor, from_stage: str | None = None, ignore_cache: bool = False
) -> Run:
    """Process a recording again, whole or from a stage whose inputs are there.

    Answers that engines gave before are used again unless `ignore_cache`. Raises RunOpenError, StageNotPossibleError,
    UnknownStageError, RecordingNotFoundError.
    """
    kind = _kind(from_stage)
    locked = _lock(recording)
    if locked.runs.filter(status=Run.Status.OPEN).exists():
        raise RunOpenError
    last = locked.runs.order_by("-number").first()
    run = Run.objects.create(
        recording=locked,
        number=last.number + 1 if last else 1,
        from_stage=kind,
        ignore_cache=ignore_cache,
        requested_by=actor.name,
    )
    flow.turn_take(run=run, turn=_open_from(run, kind), also=BEGUN)
    audit(actor=actor, action="recording.run", object_id=locked.pk, details={"from_stage": kind})
    return run


def recording_retry(*, recording: Recording, actor: Actor) -> Run:
    """Run again from the first stage that did not succeed, doing only what is missing."""
    return recording_rerun(recording=recording, actor=actor, from_stage=stage_to_retry(recording))


def stage_to_retry(recording: Recording) -> Kind:
    """Say where a retry begins: at the reports when only those failed, at the speech when there are gaps."""
    if not Stage.objects.filter(run__recording=recording, kind=Kind.PREPARE, status=Stage.Status.DONE).exists():
        return Kind.PREPARE
    if recording.error_code == "report_failed":
        return Kind.ANALYZE
    return Kind.TRANSCRIBE


@transaction.atomic
def recording_cancel(*, recording: Recording, actor: Actor) -> None:
    """Stop the open run; what earlier stages made stays. Raises NothingToCancelError, RecordingNotFoundError."""
    locked = _lock(recording)
    run = locked.runs.filter(status=Run.Status.OPEN).first()
    if run is None:
        raise NothingToCancelError
    flow.turn_take(run=run, turn=flow.run_cancel(run))
    audit(actor=actor, action="recording.cancel", object_id=locked.pk)


@transaction.atomic
def recording_delete(*, recording: Recording, actor: Actor) -> None:
    """Delete a recording with everything derived from it, also in the middle of its processing."""
    recordings.content_lock(workspace_id=recording.workspace_id, sha256=recording.sha256)
    locked = _lock(recording)
    audit(actor=actor, action="recording.delete", object_id=locked.pk)
    providers.calls_forget(subject_id=locked.pk)
    recordings.recording_delete(recording=locked)


def _lock(recording: Recording) -> Recording:
    locked = flow.recording_lock(recording.pk)
    if locked is None:
        raise RecordingNotFoundError
    return locked


def _kind(from_stage: str | None) -> Kind:
    if from_stage is None:
        return Kind.PREPARE
    try:
        return Kind(from_stage)
    except ValueError as error:
        raise UnknownStageError(f"Stages are {' '.join(Kind)}.", param="from_stage") from error


def _open_from(run: Run, kind: Kind) -> Turn:
    match kind:
        case Kind.PREPARE:
            return flow.preparation_open(run)
        case Kind.TRANSCRIBE:
            return flow.chunks_open(run, _chunks_of(run))
        case Kind.ASSEMBLE:
            _copy_chunks(run)
            return flow.assembly_open(run)
        case Kind.ANALYZE:
            transcript = transcript_of(run)
            if transcript is None:
                raise StageNotPossibleError("There is no transcript yet.", param="from_stage")
            return flow.reports_open(run, has_words=bool(transcript.text))


def _chunks_of(run: Run) -> list[dict[str, Any]]:
    """Return the chunk plan of the newest preparation; a chunk that came out empty is asked for anew."""
    prepared = _newest(run, Kind.PREPARE).order_by("-run__number").first()
    if prepared is None:
        raise StageNotPossibleError("The audio is not prepared yet.", param="from_stage")
    heard = {
        stage.index: bool(stage.result.get("segments"))
        for stage in _newest(run, Kind.TRANSCRIBE).order_by("run__number")
    }
    chunks: list[dict[str, Any]] = prepared.result["chunks"]
    return [chunk | {"ask_again": not heard.get(index, True)} for index, chunk in enumerate(chunks)]


def _copy_chunks(run: Run) -> None:
    """Take over the chunk results of the newest run that has any."""
    newest = _newest(run, Kind.TRANSCRIBE).order_by("-run__number").first()
    if newest is None:
        raise StageNotPossibleError("Nothing is transcribed yet.", param="from_stage")
    copies = [
        Stage(
            run=run,
            kind=Kind.TRANSCRIBE,
            index=old.index,
            status=old.status,
            input=old.input,
            result=old.result,
            error_code=old.error_code,
            error_detail=old.error_detail,
        )
        for old in newest.run.stages.filter(kind=Kind.TRANSCRIBE)
    ]
    Stage.objects.bulk_create(copies)


def _newest(run: Run, kind: Kind) -> QuerySet[Stage]:
    done = Stage.objects.filter(run__recording=run.recording, kind=kind, status=Stage.Status.DONE)
    return done.select_related("run")
