"""Process files of this machine: the same upload as over HTTP, without HTTP."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist

from apps.accounts.types import Actor
from apps.analysis.selectors import reports_of
from apps.api.v1.resources import RecordingSerializer, ReportSerializer, TranscriptSerializer
from apps.api.v1.selectors import costs_of
from apps.core import storage
from apps.core.errors import UserError
from apps.core.ids import uuid7
from apps.core.names import display_name
from apps.pipeline.services.runs import recording_submit
from apps.recordings.errors import RecordingNotFoundError
from apps.recordings.intake import blocks_store, dropped_unless_noted, stored_file
from apps.recordings.models import Recording, object_prefix
from apps.recordings.types import RecordingDraft
from apps.transcripts.selectors import transcript_current, utterances_of

POLL_SECONDS = 0.25
FINAL = frozenset(
    {
        Recording.Status.COMPLETED,
        Recording.Status.NEEDS_ATTENTION,
        Recording.Status.ERROR,
        Recording.Status.CANCELED,
    }
)


class UnreadableFileError(UserError):
    code = "unreadable_file"
    title = "The file cannot be read"


def file_submit(*, path: Path, actor: Actor, draft: RecordingDraft, progress: Callable[[int], None]) -> Recording:
    """Upload a local file and begin its processing; `progress` hears of each block's bytes.

    Raises what an upload over HTTP raises, and UnreadableFileError. After an error nothing is left.
    """
    recording_id = uuid7()
    key = object_prefix(actor.workspace_id, recording_id) + "original"
    received = blocks_store(_blocks(path, progress), filename=display_name(path.name), key=key)
    stored = stored_file(received, key=key)
    with dropped_unless_noted(key):
        return recording_submit(actor=actor, recording_id=recording_id, stored=stored, draft=draft)


def recording_follow(*, recording_id: UUID, show: Callable[[Recording], None]) -> Recording:
    """Wait until nothing more will happen to a recording, showing it at each look. Raises RecordingNotFoundError."""
    while True:
        try:
            recording = Recording.objects.get(pk=recording_id)
        except ObjectDoesNotExist as error:
            raise RecordingNotFoundError("It was deleted meanwhile.") from error
        show(recording)
        if recording.status in FINAL:
            return recording
        time.sleep(POLL_SECONDS)


def recording_json(recording: Recording) -> dict[str, Any]:
    """Return the recording as the API shows it, with its transcript and reports inside."""
    transcript = transcript_current(recording=recording)
    context = {"utterances": utterances_of(transcript)} if transcript else {}
    return {
        **RecordingSerializer(recording, context={"costs": costs_of([recording.pk])}).data,
        "transcript": TranscriptSerializer(transcript, context=context).data if transcript else None,
        "reports": ReportSerializer(reports_of(recording=recording), many=True).data,
    }


def _blocks(path: Path, progress: Callable[[int], None]) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(storage.BLOCK_BYTES):
                yield block
                progress(len(block))
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from error
