"""Recordings: sent, listed, read, described, run again, stopped, deleted."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.accounts.types import Scope
from apps.api.answers import etag_of, json_answer, json_text, tag_matches, tagged_answer
from apps.api.authentication import actor_of
from apps.api.errors import PreconditionFailedError
from apps.api.fields import LanguageField, NoFields, StrictSerializer, checked
from apps.api.idempotency import idempotency_key
from apps.api.pagination import PageQuery, page_body, page_of
from apps.api.throttles import RequestRate, UploadRate
from apps.api.v1.drafts import DetailsSerializer, ScenarioField
from apps.api.v1.resources import RecordingSerializer
from apps.api.v1.selectors import costs_of, recording_get
from apps.api.v1.uploads import Upload, recording_address, upload_accept
from apps.api.views import ApiView, query_fields
from apps.pipeline.services import runs
from apps.recordings.models import Recording
from apps.recordings.services import recording_describe

JSON = "application/json"


class RecordingQuery(PageQuery):
    """Filters of the list; all that are given must hold."""

    status = serializers.ListField(
        child=serializers.ChoiceField(Recording.Status.choices), required=False, help_text="Any of these."
    )
    scenario = ScenarioField(required=False)
    language_code = LanguageField(required=False)
    created_after = serializers.DateTimeField(required=False, help_text="RFC 3339; without a zone: UTC.")
    created_before = serializers.DateTimeField(required=False, help_text="RFC 3339; without a zone: UTC.")
    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}\Z", required=False, help_text="Of the file, in hex.")
    duplicate_of = serializers.UUIDField(required=False)
    q = serializers.CharField(required=False, max_length=200, help_text="Part of the title or of the file name.")


class RunSerializer(StrictSerializer):
    """Which run is wanted."""

    from_stage = serializers.CharField(
        required=False, allow_null=True, help_text="`prepare`, `transcribe`, `assemble` or `analyze`; null: all of it."
    )
    ignore_cache = serializers.BooleanField(
        required=False, default=False, help_text="Ask the engines again where they have answered before."
    )


class RecordingList(ApiView):
    """At `/api/v1/recordings`."""

    required_scopes = {"GET": Scope.READ, "POST": Scope.UPLOAD}
    queries = {"GET": RecordingQuery, "POST": None}

    def get_throttles(self) -> list[BaseThrottle]:
        return [UploadRate() if self.request.method == "POST" else RequestRate()]

    def get(self, request: Request) -> HttpResponse:
        page, cursor = page_of(filtered(self.workspace_id, self.query), self.query)
        costs = costs_of(recording.pk for recording in page)
        data = RecordingSerializer(page, many=True, context={"costs": costs}).data
        return json_answer(request, page_body(data, cursor))

    def post(self, request: Request) -> HttpResponse:
        upload = Upload(
            actor=actor_of(request),
            environ=request._request.environ,  # type: ignore[attr-defined]  # served by WSGI; the body is not parsed
            query=query_fields(request),
            idempotency_key=idempotency_key(request),
        )
        return upload_accept(upload).response()


class RecordingDetail(ApiView):
    """At `/api/v1/recordings/{id}`."""

    required_scopes = {"GET": Scope.READ, "PATCH": Scope.UPLOAD, "DELETE": Scope.DELETE}

    def get(self, request: Request, recording_id: UUID) -> HttpResponse:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        return tagged_answer(request, recording_text(recording), content_type=JSON)

    def patch(self, request: Request, recording_id: UUID) -> HttpResponse:
        changes = checked(DetailsSerializer, request.data)
        if "language_code" in changes:
            changes["language_code"] = changes["language_code"] or ""
        with transaction.atomic():
            recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id, lock=True)
            match_check(request, recording)
            if changes:
                recording_describe(recording=recording, actor=actor_of(request), **changes)
        return recording_answer(recording)

    def delete(self, request: Request, recording_id: UUID) -> HttpResponse:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        runs.recording_delete(recording=recording, actor=actor_of(request))
        return HttpResponse(status=204)


class RecordingRuns(ApiView):
    """At `/api/v1/recordings/{id}/runs`."""

    required_scopes = {"POST": Scope.PROCESS}

    def post(self, request: Request, recording_id: UUID) -> HttpResponse:
        wanted = checked(RunSerializer, request.data)
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        runs.recording_rerun(
            recording=recording,
            actor=actor_of(request),
            from_stage=wanted.get("from_stage"),
            ignore_cache=wanted["ignore_cache"],
        )
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        return recording_answer(recording, status=202, headers={"Location": recording_address(recording)})


class RecordingCancel(ApiView):
    """At `/api/v1/recordings/{id}/cancel`."""

    required_scopes = {"POST": Scope.PROCESS}

    def post(self, request: Request, recording_id: UUID) -> HttpResponse:
        checked(NoFields, request.data)
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        runs.recording_cancel(recording=recording, actor=actor_of(request))
        return recording_answer(recording_get(workspace_id=self.workspace_id, recording_id=recording_id))


def filtered(workspace_id: UUID, query: dict[str, Any]) -> QuerySet[Recording]:
    """Return the workspace's recordings that the filters let through."""
    rows = Recording.objects.filter(workspace_id=workspace_id)
    lookups = {
        "status": "status__in",
        "scenario": "scenario",
        "language_code": "language_code",
        "created_after": "created_at__gt",
        "created_before": "created_at__lt",
        "duplicate_of": "duplicate_of_id",
    }
    rows = rows.filter(**{lookup: query[name] for name, lookup in lookups.items() if name in query})
    if "sha256" in query:
        rows = rows.filter(sha256=query["sha256"].lower())
    if "q" in query:
        rows = rows.filter(Q(title__icontains=query["q"]) | Q(filename__icontains=query["q"]))
    return rows


def recording_text(recording: Recording) -> str:
    """Return the recording as JSON."""
    return json_text(RecordingSerializer(recording, context={"costs": costs_of([recording.pk])}).data)


def recording_answer(recording: Recording, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """Answer a change with what has become of the recording."""
    text = recording_text(recording)
    return HttpResponse(text, status=status, headers={"ETag": etag_of(text)} | (headers or {}), content_type=JSON)


def match_check(request: Request, recording: Recording) -> None:
    """Raise PreconditionFailedError where If-Match names another state than the present one."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and not tag_matches(wanted, etag_of(recording_text(recording))):
        raise PreconditionFailedError(param="If-Match")
