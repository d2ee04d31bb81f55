"""The upload page, and its two ways in: one file per request with progress, and a plain form without JavaScript.

The page's script sends PUT: Django's CSRF check then takes the token from the header and leaves the body unread, so
that the file is streamed into storage while it arrives. (For POST it would parse the whole form first.)
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.accounts.admin_base import access_of, staff_actor
from apps.accounts.selectors import Role
from apps.core.errors import AppError, UserError
from apps.core.ids import uuid7
from apps.core.uploads import Received
from apps.pipeline.services.runs import recording_submit
from apps.recordings.intake import blocks_store, body_store, dropped_unless_noted, stored_file
from apps.recordings.media.formats import Format
from apps.recordings.models import Recording, object_prefix
from apps.staff import formats
from apps.staff.forms import UploadForm

BLOCK_BYTES = 256 * 1024


class InvalidDetailError(UserError):
    """One of the fields beside the file is wrong."""

    code = "invalid_field"
    title = "A field has a wrong value"


def upload_page(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """Show the form; as POST take its files without the page's script."""
    access = access_of(request)
    if not access.may(Role.ANALYST):
        raise PermissionDenied
    form = UploadForm(request.POST or None, access=access, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        return _post(request, form)
    page = {
        **context,
        "opts": None,  # the header shows the title instead of the way through the models
        "title": "Upload recordings",
        "form": form,
        "limit": formats.size(settings.UPLOAD_MAX_BYTES),
        "hours": settings.AUDIO_MAX_SECONDS // 3600,
    }
    return TemplateResponse(request, "staff/upload.html", page)


def upload_file(request: HttpRequest) -> HttpResponse:
    """Take one file from the page's script. Answers JSON: the recording, or a problem with code and detail."""
    if request.method != "PUT" or not isinstance(request, WSGIRequest):
        return HttpResponseNotAllowed(["PUT"])
    try:
        recording = _accept_body(request)
    except AppError as error:
        return _problem(error)
    answer = {
        "id": str(recording.pk),
        "title": str(recording),
        "url": recording_url(recording.pk),
        "is_duplicate": recording.duplicate_of_id is not None,
    }
    return JsonResponse(answer, status=201)


def recording_url(recording_id: UUID) -> str:
    """Return the address of a recording's page."""
    return reverse("admin:recordings_recording_change", args=[recording_id])


def _accept_body(request: WSGIRequest) -> Recording:
    """Stream the body into storage. The workspace is in the query: a wrong one is told before the body is read."""
    workspace_id = _workspace_id(request)
    recording_id = uuid7()
    key = object_prefix(workspace_id, recording_id) + "original"
    received = body_store(request.environ, key=key)
    with dropped_unless_noted(key):
        fields = QueryDict(mutable=True)
        for name, values in received.fields.items():
            fields.setlist(name, values)
        fields["workspace"] = str(workspace_id)
        form = UploadForm(fields, access=access_of(request))
        if not form.is_valid():
            name, message = form.first_error()
            raise InvalidDetailError(message, param=name)
        return _submit(request, form, recording_id, received)


def _workspace_id(request: HttpRequest) -> UUID:
    try:
        workspace_id = UUID(request.GET.get("workspace", ""))
    except ValueError as error:
        raise InvalidDetailError("Choose a workspace.", param="workspace") from error
    if not access_of(request).workspaces(Role.ANALYST).filter(pk=workspace_id).exists():
        raise InvalidDetailError("You cannot upload to this workspace.", param="workspace")
    return workspace_id


def _post(request: HttpRequest, form: UploadForm) -> HttpResponse:
    """Take the files of a plain form one after another; one that fails does not stop the others."""
    made: list[Recording] = []
    for file in request.FILES.getlist("file"):
        try:
            made.append(_accept_file(request, form, file))
        except AppError as error:
            messages.error(request, f"{file.name}: {error.detail}")
    if not request.FILES:
        messages.error(request, "Choose a file first.")
    if not made:
        return HttpResponseRedirect(reverse("admin:recordings_recording_add"))
    messages.success(request, f"Uploaded: {len(made)}.")
    if len(made) == 1:
        return HttpResponseRedirect(recording_url(made[0].pk))
    return HttpResponseRedirect(reverse("admin:recordings_recording_changelist"))


def _accept_file(request: HttpRequest, form: UploadForm, file: UploadedFile[Any]) -> Recording:
    recording_id = uuid7()
    key = object_prefix(form.cleaned_data["workspace"].pk, recording_id) + "original"
    received = blocks_store(file.chunks(BLOCK_BYTES), filename=file.name or "", key=key)
    with dropped_unless_noted(key):
        return _submit(request, form, recording_id, received)


def _submit(request: HttpRequest, form: UploadForm, recording_id: UUID, received: Received[Format]) -> Recording:
    workspace_id = form.cleaned_data["workspace"].pk
    key = object_prefix(workspace_id, recording_id) + "original"
    return recording_submit(
        actor=staff_actor(request, workspace_id),
        recording_id=recording_id,
        stored=stored_file(received, key=key),
        draft=form.draft(filename=received.filename or ""),
    )


def _initial(request: HttpRequest) -> dict[str, str]:
    wanted = request.GET.get("workspace")
    return {"workspace": wanted} if wanted else {}


def _problem(error: AppError) -> JsonResponse:
    body = {
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "param": error.param,
    }
    return JsonResponse(body, status=error.status, content_type="application/problem+json")
