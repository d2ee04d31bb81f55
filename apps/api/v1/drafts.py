"""What an uploader says about a recording: read from the query and the form, checked, normalised."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from apps.analysis.scenarios import DEFAULT_SCENARIO, scenario_get
from apps.api.fields import FilenameField, LanguageField, MetadataField, StrictSerializer, TitleField, checked_fields
from apps.recordings.types import RecordingDraft

SPEAKERS_MAX = 20
KEYTERMS_MAX = 100
KEYTERM_LENGTH_MAX = 100


class ScenarioField(serializers.CharField):
    """The key of a scenario that there is."""

    def to_internal_value(self, data: Any) -> str:  # noqa: ANN401
        """Raise UnknownScenarioError."""
        return scenario_get(super().to_internal_value(data)).key


@extend_schema_serializer(
    examples=[OpenApiExample("A better title", {"title": "Evening shift", "language_code": "en-GB"}, request_only=True)]
)
class DetailsSerializer(StrictSerializer):
    """What can be said about a recording at its upload and afterwards."""

    title = TitleField(required=False, allow_blank=True, help_text="For people; up to 300 characters.")
    scenario = ScenarioField(required=False, help_text="A key of `GET /api/v1/scenarios`; `general` by default.")
    language_code = LanguageField(
        required=False, allow_null=True, help_text="BCP 47, such as `en` or `ru-RU`. Left out: see the guide."
    )
    speakers_expected = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=SPEAKERS_MAX)
    keyterms = serializers.ListField(
        child=serializers.CharField(max_length=KEYTERM_LENGTH_MAX),
        required=False,
        max_length=KEYTERMS_MAX,
        help_text="Names and terms that engines should know. In a form or query: repeat `keyterms[]`.",
    )
    metadata = MetadataField(
        required=False, help_text="A JSON object of up to 16 kB that is kept and echoed; in a form or query as text."
    )


class DraftSerializer(DetailsSerializer):
    """The fields of an upload."""

    filename = FilenameField(required=False, allow_blank=True, help_text="In place of the one that the form names.")


class UploadFormSerializer(DraftSerializer):
    """An upload as a form."""

    file = serializers.FileField(help_text="The recording: audio, or a video whose sound is taken.")


def draft_of(fields: Mapping[str, list[str]], *, filename: str | None = None) -> RecordingDraft:
    """Check the fields of an upload. Raises UserErrors and ValidationErrors that name the field."""
    values = checked_fields(DraftSerializer, fields)
    return RecordingDraft(
        scenario=values.get("scenario", DEFAULT_SCENARIO),
        filename=values.get("filename") or filename or "",
        title=values.get("title", ""),
        language_code=values.get("language_code") or "",
        speakers_expected=values.get("speakers_expected"),
        keyterms=tuple(values.get("keyterms", ())),
        metadata=values.get("metadata", {}),
    )


def fields_joined(query: Mapping[str, list[str]], form: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the fields of query and form together; what is given in both counts as given twice."""
    return {name: [*query.get(name, ()), *form.get(name, ())] for name in (*query, *form)}
