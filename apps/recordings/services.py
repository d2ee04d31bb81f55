"""Recordings: made, mirrored from their runs, prepared audio kept, and everything of them removed."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.accounts.services import audit
from apps.accounts.types import Actor
from apps.core import storage
from apps.core.clock import database_now
from apps.core.queue import enqueue
from apps.recordings.models import PreparedAudio, Recording, Removal
from apps.recordings.types import RecordingDraft, StoredFile

log = structlog.get_logger(__name__)

STRAGGLER_TIME = timedelta(minutes=10)
"""Longer than any lease: after this no worker can still write below a removed prefix."""

PASS_INTERVAL = timedelta(minutes=2)


class Mirror(TypedDict, total=False):
    """The fields of a recording that follow its newest run."""

    status: str
    stage: str
    progress: int
    duration_ms: int
    speech_ms: int
    covered_ms: int
    gaps: list[dict[str, int]]
    warnings: list[str]
    error_code: str
    error_detail: str


def recording_create(
    *, workspace_id: UUID, recording_id: UUID, stored: StoredFile, draft: RecordingDraft, uploaded_by: str, stage: str
) -> Recording:
    """Note an uploaded file as a recording, queued for its first stage.

    The first with the same bytes in the workspace is its original; uploads of the same bytes wait for each other's end.
    """
    same = Recording.objects.filter(workspace_id=workspace_id, sha256=stored.sha256)
    content_lock(workspace_id=workspace_id, sha256=stored.sha256)
    # Not by id: those are given when uploads begin, and the one that began first may have ended second.
    first_id = same.order_by("created_at", "id").values_list("id", flat=True).first()
    return Recording.objects.create(
        id=recording_id,
        workspace_id=workspace_id,
        title=draft.title,
        filename=draft.filename,
        media_type=stored.media_type,
        container=stored.container,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        object_key=stored.key,
        duplicate_of_id=first_id,
        scenario=draft.scenario,
        language_code=draft.language_code,
        speakers_expected=draft.speakers_expected,
        keyterms=list(draft.keyterms),
        metadata=dict(draft.metadata),
        uploaded_by=uploaded_by,
        stage=stage,
    )


def content_lock(*, workspace_id: UUID, sha256: str) -> None:
    """Keep others from adding or deleting recordings with these bytes until the transaction ends.

    Without it two uploads at once would each be the first, and a duplicate might point to what is just being deleted.
    Taken before the lock of a recording: deleting an original changes its duplicates.
    """
    with connection.cursor() as cursor:
        content = f"recordings.content:{workspace_id}:{sha256}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [content])


class Description(TypedDict, total=False):
    """The fields of a recording that people say; runs from then on work with them."""

    title: str
    scenario: str
    language_code: str
    speakers_expected: int | None
    keyterms: list[str]
    metadata: dict[str, Any]


@transaction.atomic
def recording_describe(*, recording: Recording, actor: Actor, **description: Unpack[Description]) -> None:
    """Change what people say about a recording. What was made of it stays as it is until the next run."""
    for name, value in description.items():
        setattr(recording, name, value)
    recording.save(update_fields=[*description, "changed_at"])
    audit(actor=actor, action="recording.describe", object_id=recording.pk, details={"fields": sorted(description)})


def recording_mirror(*, recording_id: UUID, **fields: Unpack[Mirror]) -> None:
    """Show on the recording what its run has come to. `completed_at` follows the status."""
    with connection.cursor() as cursor:
        cursor.execute(*mirror_statement(recording_id=recording_id, **fields))


def mirror_statement(*, recording_id: UUID, **fields: Unpack[Mirror]) -> tuple[str, list[Any]]:
    """Return what `recording_mirror` sends and its values, for a message of several statements.

    Written by hand: each stage passes here, and the ORM takes longer to write this than PostgreSQL to do it.
    """
    columns = dict(fields) | ({"gaps": json.dumps(fields["gaps"])} if "gaps" in fields else {})
    assignments, values = [f"{name} = %s" for name in columns], [*columns.values()]
    if "status" in fields:
        assignments.append("completed_at = CASE WHEN %s = 'completed' THEN statement_timestamp() END")
        values.append(fields["status"])
    changes = ", ".join([*assignments, "changed_at = statement_timestamp()"])
    return f"UPDATE recordings_recording SET {changes} WHERE id = %s", [*values, recording_id]  # noqa: S608


def prepared_save(
    *,
    recording: Recording,
    playback_key: str,
    channels: Sequence[dict[str, Any]],
    peaks: Sequence[int],
    measures: dict[str, Any],
    duration_ms: int,
) -> None:
    """Keep what a decode pass made, in place of what an earlier one had made."""
    prepared = PreparedAudio(
        recording=recording,
        playback_key=playback_key,
        channels=list(channels),
        peaks=list(peaks),
        measures=measures,
        duration_ms=duration_ms,
    )
    PreparedAudio.objects.bulk_create(
        [prepared],
        update_conflicts=True,
        unique_fields=["recording"],
        update_fields=["playback_key", "channels", "peaks", "measures", "duration_ms", "created_at"],
    )


def recording_delete(*, recording: Recording) -> None:
    """Delete the row with all that hangs on it; its objects follow, also those that a worker still writes."""
    prefix_remove(prefix=recording.prefix)
    recording.delete()


def prefix_remove(*, prefix: str) -> None:
    """Have everything below the prefix removed, in a first pass at once and in later ones for stragglers."""
    now = database_now()
    Removal.objects.update_or_create(prefix=prefix, defaults={"not_before": now, "last_pass_at": now + STRAGGLER_TIME})
    enqueue("recordings.removals_perform", queue="default")


def removals_perform() -> int:
    """Remove the objects of all due removals; returns how many objects went. A dead storage is tried again later."""
    removed = 0
    for removal in Removal.objects.filter(not_before__lte=Now()).order_by("not_before", "pk")[:100]:
        removed += _removal_perform(removal)
    return removed


@transaction.atomic
def _removal_perform(removal: Removal) -> int:
    now = database_now()
    locked = Removal.objects.select_for_update(skip_locked=True).filter(pk=removal.pk, not_before__lte=now).first()
    if locked is None:
        return 0
    try:
        removed = storage.delete_prefix(locked.prefix)
    except storage.StorageUnavailableError:
        log.warning("removal_postponed", removal_id=locked.pk)
        return 0
    if now >= locked.last_pass_at:
        locked.delete()
    else:
        locked.not_before = now + PASS_INTERVAL
        locked.save(update_fields=["not_before"])
    return removed
