"""The text of a recording, as JSON with times and speakers or as a file."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.types import Scope
from apps.api.answers import json_answer, tagged_answer
from apps.api.fields import StrictSerializer
from apps.api.openapi import IF_NONE_MATCH, answers
from apps.api.v1.resources import TranscriptSerializer
from apps.api.v1.selectors import recording_get
from apps.api.views import ApiView
from apps.transcripts.exports import FORMATS
from apps.transcripts.selectors import transcript_get, utterances_of

JSON = "json"


class TranscriptQuery(StrictSerializer):
    """How the transcript is written."""

    format = serializers.ChoiceField([JSON, *FORMATS], default=JSON)


class RecordingTranscript(ApiView):
    required_scopes = {"GET": Scope.READ}
    queries = {"GET": TranscriptQuery}

    @extend_schema(
        operation_id="recording_transcript",
        summary="Read what was said, by whom and when",
        parameters=[TranscriptQuery, IF_NONE_MATCH],
        responses=answers({200: TranscriptSerializer, 304: None}, "404 recording_not_found", "404 transcript_not_ready")
        | {(200, chosen.media_type.partition(";")[0]): OpenApiTypes.STR for chosen in FORMATS.values()},
    )
    def get(self, request: Request, recording_id: UUID) -> HttpResponse:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        transcript = transcript_get(recording=recording)
        utterances = utterances_of(transcript)
        if self.query["format"] == JSON:
            return json_answer(request, TranscriptSerializer(transcript, context={"utterances": utterances}).data)
        chosen = FORMATS[self.query["format"]]
        text = chosen.write([utterance.draft() for utterance in utterances])
        return tagged_answer(request, text, content_type=chosen.media_type)
