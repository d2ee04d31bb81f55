"""Accept a recording: check what can be checked, stream the file into storage, note it in one transaction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.accounts import services as accounts
from apps.accounts.models import IdempotentAnswer
from apps.accounts.types import Actor
from apps.api.answers import json_text
from apps.api.errors import UnsupportedContentTypeError
from apps.api.idempotency import Answer, fingerprint, replay
from apps.api.v1.drafts import draft_of, fields_joined
from apps.api.v1.resources import RecordingSerializer
from apps.core import storage
from apps.core.ids import uuid7
from apps.core.storage import PartWriter
from apps.core.uploads import Received
from apps.pipeline.services.runs import recording_submit
from apps.recordings.intake import body_receive, dropped_unless_noted, stored_file
from apps.recordings.media.formats import Format
from apps.recordings.models import Recording, object_prefix
from apps.recordings.types import RecordingDraft, StoredFile

RAW_TYPES = ("audio/", "video/", "application/octet-stream", "application/ogg")
OPERATION = "recordings.create"


@dataclass(frozen=True, slots=True)
class Upload:
    """A request that brings a file. Its body has not been touched yet."""

    actor: Actor
    environ: Mapping[str, Any]
    query: Mapping[str, list[str]]
    idempotency_key: str | None


def upload_accept(upload: Upload) -> Answer:
    """Store the file, note the recording and return the answer; with a known key the first answer again.

    Raises UserErrors for what is wrong with the request, IdempotencyConflictError, RequestRunningError and
    StorageUnavailableError. After an error nothing is left.
    """
    content_type_check(str(upload.environ.get("CONTENT_TYPE", "")))
    content_encoding_check(str(upload.environ.get("HTTP_CONTENT_ENCODING", "")))
    told = draft_of(upload.query)  # what is wrong in the query is said before the body is sent
    if upload.idempotency_key is None:
        return _store(upload, told)
    with accounts.idempotency_lock(workspace_id=upload.actor.workspace_id, key=upload.idempotency_key) as earlier:
        return _store(upload, told) if earlier is None else _repeat(upload, told, earlier)


def content_type_check(header: str) -> None:
    """Raise UnsupportedContentTypeError for anything but a form or a file; `curl -T` sends no type at all."""
    kind = header.partition(";")[0].strip().lower()
    if not kind or kind == "multipart/form-data" or kind.startswith(RAW_TYPES):
        return
    if kind == "application/json":
        raise UnsupportedContentTypeError("upload_id and audio_url are not offered: send the file itself.")
    raise UnsupportedContentTypeError(
        "Send multipart/form-data with a part called file, or the file as body with audio/*, video/* or "
        "application/octet-stream."
    )


def content_encoding_check(header: str) -> None:
    """Raise UnsupportedContentTypeError for a packed body: what it would unpack to cannot be known before."""
    if header.strip().lower() not in {"", "identity"}:
        raise UnsupportedContentTypeError("Send the file as it is, without Content-Encoding.", param="Content-Encoding")


def _store(upload: Upload, told: RecordingDraft) -> Answer:
    recording_id = uuid7()
    key = object_prefix(upload.actor.workspace_id, recording_id) + "original"
    with storage.open_writer(key) as writer:
        received = body_receive(upload.environ, writer=writer)
        draft = _draft(upload, told, received)
        writer.finish()
        with dropped_unless_noted(key):
            return _note(upload, recording_id, stored_file(received, key=key), draft, writer)


def _repeat(upload: Upload, told: RecordingDraft, earlier: IdempotentAnswer) -> Answer:
    """Read the body only to see that it is the same."""
    received = body_receive(upload.environ, writer=None)
    same = _fingerprint(received.sha256, _draft(upload, told, received))
    accounts.idempotent_answer_check(answer=earlier, fingerprint=same)
    return replay(earlier)


def _draft(upload: Upload, told: RecordingDraft, received: Received[Format]) -> RecordingDraft:
    """Return what the query told, together with what the form told, if it has any fields."""
    if received.fields:
        return draft_of(fields_joined(upload.query, received.fields), filename=received.filename)
    return replace(told, filename=told.filename or received.filename or "")


@transaction.atomic
def _note(upload: Upload, recording_id: UUID, stored: StoredFile, draft: RecordingDraft, writer: PartWriter) -> Answer:
    """Write the rows while the storage writes the file, and commit them once the file is there."""
    recording = recording_submit(actor=upload.actor, recording_id=recording_id, stored=stored, draft=draft)
    body = json_text(RecordingSerializer(recording, context={"costs": {}}).data)
    answer = Answer(status=202, headers={"Location": recording_address(recording)}, body=body)
    if upload.idempotency_key is not None:
        kept = IdempotentAnswer(
            workspace_id=upload.actor.workspace_id,
            key=upload.idempotency_key,
            fingerprint=_fingerprint(stored.sha256, draft),
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
        )
        accounts.idempotent_answer_save(answer=kept)
    writer.close()
    return answer


def recording_address(recording: Recording) -> str:
    """Return where the recording can be read."""
    return f"/api/v1/recordings/{recording.pk}"


def _fingerprint(sha256: str, draft: RecordingDraft) -> str:
    return fingerprint(operation=OPERATION, sha256=sha256, fields=asdict(draft))
