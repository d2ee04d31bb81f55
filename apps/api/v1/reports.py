"""Reports: what an analysis says, with the words that carry it; as JSON or as Markdown."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.types import Scope
from apps.analysis.markdown import report_markdown
from apps.analysis.selectors import reports_of
from apps.api.answers import json_answer, tagged_answer
from apps.api.fields import StrictSerializer
from apps.api.openapi import IF_NONE_MATCH, answers, page
from apps.api.pagination import page_body
from apps.api.v1.resources import ReportSerializer
from apps.api.v1.selectors import recording_get, report_get
from apps.api.views import ApiView

JSON = "json"
MARKDOWN = "md"


class ReportQuery(StrictSerializer):
    """How the report is written."""

    format = serializers.ChoiceField([JSON, MARKDOWN], default=JSON)


class RecordingReports(ApiView):
    """The newest report of each type, so there is never a second page."""

    required_scopes = {"GET": Scope.READ}

    @extend_schema(
        operation_id="recording_reports",
        summary="Read the reports about a recording",
        parameters=[IF_NONE_MATCH],
        responses=answers({200: page("ReportPage", ReportSerializer), 304: None}, "404 recording_not_found"),
    )
    def get(self, request: Request, recording_id: UUID) -> HttpResponse:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        return json_answer(request, page_body(ReportSerializer(reports_of(recording=recording), many=True).data, None))


class ReportDetail(ApiView):
    required_scopes = {"GET": Scope.READ}
    queries = {"GET": ReportQuery}

    @extend_schema(
        operation_id="report",
        summary="Read one report",
        parameters=[ReportQuery, IF_NONE_MATCH],
        responses=answers({200: ReportSerializer, 304: None}, "404 report_not_found")
        | {(200, "text/markdown"): OpenApiTypes.STR},
    )
    def get(self, request: Request, report_id: UUID) -> HttpResponse:
        report = report_get(workspace_id=self.workspace_id, report_id=report_id)
        if self.query["format"] == JSON:
            return json_answer(request, ReportSerializer(report).data)
        return tagged_answer(request, report_markdown(report), content_type="text/markdown; charset=utf-8")
