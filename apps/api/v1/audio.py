"""The sound of a recording: our own re-encoding to play, or the original file to keep."""

from http import HTTPStatus
from pathlib import PurePosixPath, PureWindowsPath
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.types import Scope
from apps.api.errors import AudioNotReadyError, RangeNotSatisfiableError, problem
from apps.api.fields import StrictSerializer
from apps.api.openapi import IF_NONE_MATCH, answers, header
from apps.api.v1.selectors import prepared_of, recording_get
from apps.api.views import ApiView
from apps.core.ranges import range_response
from apps.recordings.models import Recording

PLAYBACK = "playback"
ORIGINAL = "original"
PLAYBACK_TYPE = "audio/flac"


class AudioQuery(StrictSerializer):
    """Which sound is wanted."""

    variant = serializers.ChoiceField([PLAYBACK, ORIGINAL], default=PLAYBACK)


class RecordingAudio(ApiView):
    required_scopes = {"GET": Scope.READ}
    queries = {"GET": AudioQuery}

    @extend_schema(
        operation_id="recording_audio",
        summary="Listen to a recording, or download the file as it was sent",
        parameters=[AudioQuery, header("Range", "One range of bytes, such as `bytes=0-65535`."), IF_NONE_MATCH],
        responses=answers(
            {200: OpenApiTypes.BINARY, 206: OpenApiTypes.BINARY, 304: None},
            "404 recording_not_found",
            "404 audio_not_ready",
            "416 range_not_satisfiable",
            content_types=("audio/*",),
        ),
    )
    def get(self, request: Request, recording_id: UUID) -> HttpResponseBase:
        recording = recording_get(workspace_id=self.workspace_id, recording_id=recording_id)
        http = request._request
        if self.query["variant"] == ORIGINAL:
            answer = range_response(
                http,
                key=recording.object_key,
                media_type=recording.media_type,
                filename=download_name(recording),
                attachment=True,
            )
        else:
            answer = range_response(http, key=playback_key(recording), media_type=PLAYBACK_TYPE)
        if answer.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return answer
        refusal = problem(http, RangeNotSatisfiableError(param="Range"))
        refusal["Content-Range"] = answer["Content-Range"]
        return refusal


def playback_key(recording: Recording) -> str:
    """Return the key of what people listen to. Raises AudioNotReadyError before the audio is prepared."""
    prepared = prepared_of(recording)
    if prepared is None:
        raise AudioNotReadyError
    return prepared.playback_key


def download_name(recording: Recording) -> str:
    """Return the last part of the name that the file came with, or one that says what it is."""
    name = PurePosixPath(PureWindowsPath(recording.filename).name).name
    return name or f"{recording.pk}.{recording.container}"
