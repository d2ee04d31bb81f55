"""Recordings: sent, listed, read, described, run again, stopped, deleted."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.accounts.types import Scope
from apps.api.answers import etag_of, json_answer, json_text, tag_matches, tagged_answer
from apps.api.authentication import actor_of
from apps.api.errors import PreconditionFailedError
from apps.api.fields import LanguageField, NoFields, StrictSerializer, checked
from apps.api.idempotency import idempotency_key
from apps.api.openapi import IF_NONE_MATCH, answers, header, page
from apps.api.pagination import PageQuery, page_body, page_of
from apps.api.throttles import RequestRate, UploadRate
from apps.api.v1.drafts import DetailsSerializer, DraftSerializer, ScenarioField, UploadFormSerializer
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


@extend_schema_serializer(examples=[OpenApiExample("Only the reports", {"from_stage": "analyze"}, request_only=True)])
class RunSerializer(StrictSerializer):
    """Which run is wanted."""

    from_stage = serializers.CharField(
        required=False, allow_null=True, help_text="`prepare`, `transcribe`, `assemble` or `analyze`; null: all of it."
    )
    ignore_cache = serializers.BooleanField(
        required=False, default=False, help_text="Ask the engines again where they have answered before."
    )


class RecordingList(ApiView):
    required_scopes = {"GET": Scope.READ, "POST": Scope.UPLOAD}
    queries = {"GET": RecordingQuery, "POST": None}

    def get_throttles(self) -> list[BaseThrottle]:
        return [UploadRate() if self.request.method == "POST" else RequestRate()]

    @extend_schema(
        operation_id="recordings_list",
        summary="List recordings, the newest first",
        parameters=[RecordingQuery, IF_NONE_MATCH],
        responses=answers(
            {200: page("RecordingPage", RecordingSerializer), 304: None},
            "422 invalid_field",
            "422 unknown_language",
            "422 unknown_scenario",
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        page, cursor = page_of(filtered(self.workspace_id, self.query), self.query)
        costs = costs_of(recording.pk for recording in page)
        data = RecordingSerializer(page, many=True, context={"costs": costs}).data
        return json_answer(request, page_body(data, cursor))

    @extend_schema(
        operation_id="recordings_create",
        summary="Send a recording",
        description=(
            "As multipart/form-data with the part `file`, or the file itself as body with the other fields in the "
            "query (`curl -X POST -T call.mp3`). The format is decided by the content. With an `Idempotency-Key` "
            "the request may be sent again: it is carried out once."
        ),
        parameters=[DraftSerializer, header("Idempotency-Key", "Any text of up to 255 characters, new per recording.")],
        request={
            "multipart/form-data": UploadFormSerializer,
            "application/octet-stream": OpenApiTypes.BINARY,
            "audio/*": OpenApiTypes.BINARY,
            "video/*": OpenApiTypes.BINARY,
        },
        responses=answers(
            {202: RecordingSerializer},
            "400 multipart_malformed",
            "400 body_incomplete",
            "409 request_running",
            "413 file_too_large",
            "415 unsupported_media",
            "415 unsupported_content_type",
            "422 invalid_field",
            "422 empty_file",
            "422 file_missing",
            "422 unknown_language",
            "422 unknown_scenario",
            "422 idempotency_conflict",
        ),
    )
    def post(self, request: Request) -> HttpResponse:
        upload = Upload(
            actor=actor_of(request),
            environ=request._request.environ,  # type: ignore[attr-defined]  # served by WSGI; the body is not parsed
            query=query_fields(request),
            idempotency_key=idempotency_key(request),
        )
        return upload_accept(upload).response()


class RecordingChange(ApiView):
    """A view whose answer is what has become of the recording."""

    def answer(self, recording_id: UUID, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
        """Read the recording anew, so that the answer and its tag are those that the next reader gets."""
        text = recording_text(recording_get(workspace_id=self.workspace_id, recording_id=recording_id))
        return HttpResponse(text, status=status, headers={"ETag": etag_of(text)} | (headers or {}), content_type=JSON)


class RecordingDetail(RecordingChange):
    required_scopes = {"GET": Scope.READ, "PATCH": Scope.UPLOAD, "DELETE": Scope.DELETE}

    @extend_schema(
        operation_id="recording",
        summary="Read a recording",
        parameters=[IF_NONE_MATCH],
        responses=answers({200: RecordingSerializer, 304: None}, "404 recording_not_found"),
    )
    def get(self, request: Request, recording_id: UUID) -> HttpResponse:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        return tagged_answer(request, recording_text(recording), content_type=JSON)

    @extend_schema(
        operation_id="recording_update",
        summary="Change what is said about a recording",
        description="What was made of it stays as it is until the next run. `metadata` is replaced as a whole.",
        parameters=[header("If-Match", "The ETag that you have read: 412 where the recording has changed since.")],
        request=DetailsSerializer,
        responses=answers(
            {200: RecordingSerializer},
            "400 malformed_json",
            "404 recording_not_found",
            "412 precondition_failed",
            "422 invalid_field",
        ),
    )
    def patch(self, request: Request, recording_id: UUID) -> HttpResponse:
        changes = checked(DetailsSerializer, request.data)
        if "language_code" in changes:
            changes["language_code"] = changes["language_code"] or ""
        with transaction.atomic():
            recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id, lock=True)
            match_check(request, recording)
            if changes:
                recording_describe(recording=recording, actor=actor_of(request), **changes)
        return self.answer(recording_id)

    @extend_schema(
        operation_id="recording_delete",
        summary="Delete a recording with everything made of it",
        responses=answers({204: None}, "404 recording_not_found"),
    )
    def delete(self, request: Request, recording_id: UUID) -> HttpResponse:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        runs.recording_delete(recording=recording, actor=actor_of(request))
        return HttpResponse(status=204)


class RecordingRuns(RecordingChange):
    required_scopes = {"POST": Scope.PROCESS}

    @extend_schema(
        operation_id="recording_run",
        summary="Process a recording again, whole or from a stage",
        request=RunSerializer,
        responses=answers(
            {202: RecordingSerializer},
            "400 malformed_json",
            "404 recording_not_found",
            "409 run_open",
            "409 stage_not_possible",
            "422 unknown_stage",
        ),
    )
    def post(self, request: Request, recording_id: UUID) -> HttpResponse:
        wanted = checked(RunSerializer, request.data)
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        runs.recording_rerun(
            recording=recording,
            actor=actor_of(request),
            from_stage=wanted.get("from_stage"),
            ignore_cache=wanted["ignore_cache"],
        )
        return self.answer(recording_id, status=202, headers={"Location": recording_address(recording)})


class RecordingCancel(RecordingChange):
    required_scopes = {"POST": Scope.PROCESS}

    @extend_schema(
        operation_id="recording_cancel",
        summary="Stop the processing; what is done stays",
        request=None,
        responses=answers({200: RecordingSerializer}, "404 recording_not_found", "409 nothing_to_cancel"),
    )
    def post(self, request: Request, recording_id: UUID) -> HttpResponse:
        checked(NoFields, request.data)
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        runs.recording_cancel(recording=recording, actor=actor_of(request))
        return self.answer(recording_id)


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


def match_check(request: Request, recording: Recording) -> None:
    """Raise PreconditionFailedError where If-Match names another state than the present one."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and not tag_matches(wanted, etag_of(recording_text(recording))):
        raise PreconditionFailedError(param="If-Match")
