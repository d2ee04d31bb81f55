"""The OpenAPI description: what drf-spectacular cannot see by itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import (
    Direction,
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import serializers

PROBLEM_JSON = "application/problem+json"


RECORDING = {
    "id": "01a1fa5d-6375-760b-9dfd-e09cf3f5ae25",
    "object": "recording",
    "status": "needs_attention",
    "stage": "analyze",
    "progress": 100,
    "title": "Evening shift",
    "filename": "shift-7.mp3",
    "size_bytes": 5511223,
    "sha256": "090f18f5f76cf8b2b43cd9e6b07823f4685a4742d9a36cd98b174a6586c18cf9",
    "duration_ms": 344420,
    "language_code": "en",
    "scenario": "interview",
    "speakers_expected": 2,
    "keyterms": ["Anna"],
    "metadata": {"place": "Bar"},
    "duplicate_of": None,
    "coverage": {"speech_ms": 300000, "covered_ms": 281000, "gaps": [{"start": 61000, "end": 80000}]},
    "warnings": ["poor_audio", "local_analysis"],
    "cost": {"estimated": "0.000000", "actual": "0.000000", "currency": "USD"},
    "error": {"code": "coverage_incomplete", "detail": "1 gap of 19 s"},
    "created_at": "2026-11-20T19:09:46.781779Z",
    "completed_at": "2026-11-20T19:11:02.104220Z",
}

PROBLEM = {
    "type": "/docs/errors#unknown_scenario",
    "title": "There is no such scenario",
    "status": 422,
    "detail": "Known scenarios: general interview design_audit call meeting.",
    "code": "unknown_scenario",
    "param": "scenario",
    "request_id": "5f0c9a1e-4c5a-4a3e-9a57-0d3a8b6f4a11",
    "retryable": False,
}


@extend_schema_serializer(examples=[OpenApiExample("A wrong field", PROBLEM, response_only=True)])
class ProblemSerializer(serializers.Serializer[Any]):
    """What every error looks like (RFC 9457); the codes are listed at `/docs/errors`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable: for programs.")
    param = serializers.CharField(allow_null=True, help_text="The field, header or parameter that is wrong.")
    request_id = serializers.CharField(help_text="Also in the header X-Request-ID: name it when you ask for help.")
    retryable = serializers.BooleanField(help_text="The same request may succeed later.")


ALWAYS = ("401 not_authenticated", "403 insufficient_scope", "422 unknown_field", "429 rate_limited")


def answers(
    success: Mapping[int, Any], *codes: str, content_types: Iterable[str] = ("application/json",)
) -> dict[tuple[int, str], Any]:
    """Describe what an operation answers: its successes, and its errors as `409 run_open`."""
    by_status: dict[int, list[str]] = {}
    for code in (*ALWAYS, *codes):
        number, name = code.split()
        by_status.setdefault(int(number), []).append(f"`{name}`")
    found: dict[tuple[int, str], Any] = {
        (status, content_type): what for status, what in success.items() for content_type in content_types
    }
    for error_status, names in sorted(by_status.items()):
        found[error_status, PROBLEM_JSON] = OpenApiResponse(ProblemSerializer, description=", ".join(names))
    found[503, PROBLEM_JSON] = OpenApiResponse(ProblemSerializer, description="A server is away: try again later.")
    return found


def header(name: str, description: str) -> OpenApiParameter:
    """Describe a request header that an operation looks at."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


IF_NONE_MATCH = header("If-None-Match", "An ETag that you have: 304 where nothing has changed.")


def page(name: str, row: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """Describe one page of a list."""
    return inline_serializer(
        name,
        {
            "data": row(many=True),
            "has_more": serializers.BooleanField(),
            "next_cursor": serializers.UUIDField(allow_null=True, help_text="For `after`."),
        },
    )


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it registers itself
    """`Authorization: Bearer vox_...`."""

    target_class = "apps.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        del auto_schema
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "vox_...",
            "description": "A key of a workspace, made in the admin or with `manage.py create_api_key`.",
        }


class MetadataFieldShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An object with whatever the caller keeps in it."""

    target_class = "apps.api.fields.MetadataField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        del auto_schema, direction
        return {"type": "object", "additionalProperties": {}}
