"""What of a recording is played or taken away: its sound, its original, its transcript and reports as files."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.http import content_disposition_header

from apps.analysis.markdown import report_markdown
from apps.analysis.selectors import reports_of
from apps.core.ranges import range_response
from apps.core.storage import ObjectMissingError, StorageUnavailableError
from apps.recordings.models import PreparedAudio, Recording
from apps.transcripts.exports import FORMATS
from apps.transcripts.models import Transcript, Utterance
from apps.transcripts.selectors import transcript_current, utterances_of

PLAYBACK_TYPE = "audio/flac"
NAME_LENGTH_MAX = 80


def audio(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    """Stream what people listen to, in ranges."""
    key = PreparedAudio.objects.filter(recording=recording).values_list("playback_key", flat=True).first()
    if key is None:
        raise Http404
    return _served(request, key=key, media_type=PLAYBACK_TYPE)


def original(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    """Send the file as it was uploaded; always a download, never shown by the browser."""
    name = recording.filename or f"{recording.pk}.{recording.container}"
    return _served(request, key=recording.object_key, media_type=recording.media_type, filename=name)


def transcript(request: HttpRequest, recording: Recording, name: str) -> HttpResponse:  # noqa: ARG001 - a view
    """Send the transcript as txt, srt, vtt or json."""
    current = transcript_current(recording=recording)
    if current is None or (name not in FORMATS and name != "json"):
        raise Http404
    utterances = utterances_of(current)
    response: HttpResponse
    if name == "json":
        body = transcript_json(current, utterances)
        response = JsonResponse(body, json_dumps_params={"ensure_ascii": False, "indent": 1})
    else:
        written = FORMATS[name].write([one.draft() for one in utterances])
        response = HttpResponse(written, content_type=FORMATS[name].media_type)
    return _download(response, f"{_stem(recording)}.{name}")


def report(request: HttpRequest, recording: Recording, report_id: UUID) -> HttpResponse:  # noqa: ARG001 - a view
    """Send a report as Markdown."""
    for found in reports_of(recording=recording):
        if found.pk == report_id:
            response = HttpResponse(report_markdown(found), content_type="text/markdown; charset=utf-8")
            return _download(response, f"{_stem(recording)} - {found.type}.md")
    raise Http404


def _served(request: HttpRequest, *, key: str, media_type: str, filename: str | None = None) -> HttpResponseBase:
    """Stream a stored object; with a file name as a download."""
    try:
        return range_response(
            request, key=key, media_type=media_type, filename=filename, attachment=filename is not None
        )
    except ObjectMissingError as error:
        raise Http404 from error
    except StorageUnavailableError as error:
        return HttpResponse(error.title, status=error.status, content_type="text/plain", headers={"Retry-After": "10"})


def transcript_json(current: Transcript, utterances: Iterable[Utterance]) -> dict[str, Any]:
    """Return the transcript in the shape of the API."""
    return {
        "language_code": current.language_code,
        "engines": current.engines,
        "text": current.text,
        "utterances": [
            {
                "id": str(one.pk),
                "speaker": one.speaker,
                "start": one.start_ms,
                "end": one.end_ms,
                "text": one.text,
                "confidence": one.confidence,
                "words": one.words,
            }
            for one in utterances
        ],
    }


def _stem(recording: Recording) -> str:
    stem = recording.title or PurePosixPath(recording.filename).stem or str(recording.pk)
    return "".join(_plain(stem))[:NAME_LENGTH_MAX].strip() or str(recording.pk)


def _plain(text: str) -> Iterator[str]:
    for character in text:
        yield character if character.isalnum() or character in " -_.,()" else "_"


def _download(response: HttpResponse, filename: str) -> HttpResponse:
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=filename) or "attachment"
    return response
