"""Small JSON answers for pages that follow what is being done."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.accounts.admin_base import access_of
from apps.recordings.models import Recording
from apps.staff.cells import status_inner
from apps.staff.selectors import RUNNING, recordings_of
from apps.staff.words import STAGE_WORDS

ROWS_MAX = 100
_FIELDS = ("status", "progress", "stage", "error_code", "workspace_id")


def rows(request: HttpRequest) -> HttpResponse:
    """Return the status cells of the asked-for recordings, as far as the person may see them. One query."""
    asked = recordings_of(access_of(request)).filter(pk__in=_ids(request))
    found = {
        str(recording.pk): {"status": recording.status, "html": status_inner(recording)}
        for recording in asked.only(*_FIELDS)
    }
    return _fresh({"cells": found})


def one(request: HttpRequest, recording: Recording) -> HttpResponse:  # noqa: ARG001 - a view
    """Return how far one recording has come; `changed` differs when there is more to read."""
    return _fresh(
        {
            "status": recording.status,
            "label": Recording.Status(recording.status).label,
            "running": recording.status in RUNNING,
            "progress": recording.progress,
            "stage": STAGE_WORDS.get(recording.stage, ""),
            "changed": change_mark(recording),
        }
    )


def change_mark(recording: Recording) -> str:
    """Return a word that changes with what the recording's page has to show."""
    return f"{recording.status}/{recording.stage}/{recording.duration_ms or ''}"


def _ids(request: HttpRequest) -> list[UUID]:
    found = []
    for text in request.GET.getlist("id")[:ROWS_MAX]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _fresh(body: dict[str, object]) -> JsonResponse:
    return JsonResponse(body, headers={"Cache-Control": "no-store"})
