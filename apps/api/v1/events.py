"""How far a recording has come, as server-sent events, until nothing more will happen."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.types import Scope
from apps.api.errors import TooManyStreamsError
from apps.api.openapi import answers, header
from apps.api.v1.resources import FailureSerializer
from apps.api.v1.selectors import recording_get
from apps.api.views import ApiView
from apps.recordings.models import Recording

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
RECONNECT_MS = 3000
STREAMS_RETRY_SECONDS = 10

FINAL = frozenset(
    [
        Recording.Status.COMPLETED,
        Recording.Status.NEEDS_ATTENTION,
        Recording.Status.ERROR,
        Recording.Status.CANCELED,
    ]
)


class RecordingEvents(ApiView):
    required_scopes = {"GET": Scope.READ}

    @extend_schema(
        operation_id="recording_events",
        summary="Follow a recording: server-sent events with stage and progress",
        parameters=[header("Last-Event-ID", "Sent by browsers that come back; 204 where nothing more will happen.")],
        responses=answers(
            {200: OpenApiTypes.STR, 204: None},
            "404 recording_not_found",
            "503 too_many_streams",
            content_types=("text/event-stream",),
        ),
    )
    def get(self, request: Request, recording_id: UUID) -> HttpResponseBase:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        if recording.status in FINAL and request.headers.get("Last-Event-ID") == event_id(recording):
            return HttpResponse(status=204)  # tells a browser not to come again
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        return StreamingHttpResponse(EventStream(recording), headers=headers)


class Slots:
    """How many streams a process serves at once: each one keeps a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    def take(self) -> None:
        """Raise TooManyStreamsError where all are taken."""
        with self._lock:
            if self._taken >= settings.EVENT_STREAMS_PER_PROCESS:
                raise TooManyStreamsError(retry_after=STREAMS_RETRY_SECONDS)
            self._taken += 1

    def give_back(self) -> None:
        with self._lock:
            self._taken -= 1


_slots = Slots()


class EventStream:
    """The bytes of one stream. The server closes it at its end, also one that was never begun."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._slots = _slots
        self._slots.take()
        self._holds_slot = True

    def __iter__(self) -> Iterator[bytes]:
        connection.close()  # a stream of an hour holds no connection of the database
        yield f"retry: {RECONNECT_MS}\n\n".encode()
        yield event(self._recording)
        last, sent_at = event_id(self._recording), time.monotonic()
        while self._recording.status not in FINAL:
            time.sleep(POLL_SECONDS)
            if not self._poll():
                yield b"event: deleted\ndata: {}\n\n"
                return
            now = time.monotonic()
            if event_id(self._recording) != last:
                last, sent_at = event_id(self._recording), now
                yield event(self._recording)
            elif now - sent_at >= HEARTBEAT_SECONDS:
                sent_at = now
                yield b": still here\n\n"

    def close(self) -> None:
        if self._holds_slot:
            self._holds_slot = False
            self._slots.give_back()

    def _poll(self) -> bool:
        """Look at the row again; False when it is gone. While the database is away, nothing new is known."""
        try:
            found = current(self._recording.pk)
        except (OperationalError, InterfaceError):
            return True
        finally:
            connection.close()
        if found is None:
            return False
        self._recording = found
        return True


def current(recording_id: UUID) -> Recording | None:
    """Return what an event tells of a recording; None when it was deleted."""
    fields = ("status", "stage", "progress", "error_code", "error_detail")
    return Recording.objects.only(*fields).filter(pk=recording_id).first()


def event(recording: Recording) -> bytes:
    """Write one event."""
    data: dict[str, Any] = {
        "id": str(recording.pk),
        "object": "recording",
        "status": recording.status,
        "stage": recording.stage or None,
        "progress": recording.progress,
        "error": FailureSerializer(recording).data if recording.error_code else None,
    }
    return f"event: progress\nid: {event_id(recording)}\ndata: {json.dumps(data)}\n\n".encode()


def event_id(recording: Recording) -> str:
    """Name a state: a client that comes back with the name of a final one need not stay."""
    return f"{recording.status}/{recording.stage}/{recording.progress}/{recording.error_code}"
