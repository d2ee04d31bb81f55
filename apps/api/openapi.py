"""The OpenAPI description: what drf-spectacular cannot see by itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

PROBLEM_JSON = "application/problem+json"


class ProblemSerializer(serializers.Serializer[Any]):
    """What every error looks like (RFC 9457); the codes are listed in docs/errors.md."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable: for programs.")
    param = serializers.CharField(allow_null=True, help_text="The field, header or parameter that is wrong.")
    request_id = serializers.CharField(help_text="Also in the header X-Request-ID: name it when you ask for help.")
    retryable = serializers.BooleanField(help_text="The same request may succeed later.")


def problems(*codes: str) -> dict[tuple[int, str], OpenApiResponse]:
    """Describe the errors of an operation, given as `422 unknown_field`."""
    by_status: dict[int, list[str]] = {}
    for code in ("401 not_authenticated", "403 insufficient_scope", "429 rate_limited", "503 ...", *codes):
        status, name = code.split()
        by_status.setdefault(int(status), []).append(name)
    return {
        (status, PROBLEM_JSON): OpenApiResponse(
            ProblemSerializer,
            description=", ".join(f"`{name}`" for name in names if name != "...") or "A server is away: `retryable`.",
        )
        for status, names in sorted(by_status.items())
    }


def header(name: str, description: str) -> OpenApiParameter:
    """Describe a request header that an operation looks at."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


def raw_form(serializer: type[serializers.Serializer[Any]], file_field: serializers.Field[Any, Any, Any, Any]) -> Any:  # noqa: ANN401
    """Make the multipart form of an upload from its fields."""
    fields = {name: field for name, field in serializer().fields.items()}
    return type("UploadForm", (serializers.Serializer,), {"file": file_field, **fields})


class ApiKeyScheme(OpenApiAuthenticationExtension):
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


class MetadataFieldShape(OpenApiSerializerFieldExtension):
    """An object with whatever the caller keeps in it."""

    target_class = "apps.api.fields.MetadataField"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        del auto_schema, direction
        return {"type": "object", "additionalProperties": {}}
