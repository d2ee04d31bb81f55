"""What a person does with one recording: each a call of a service, then one message."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed, HttpResponseRedirect

from apps.accounts.admin_base import access_of, staff_actor
from apps.accounts.selectors import Role
from apps.accounts.types import Actor
from apps.core.errors import AppError, UserError
from apps.pipeline.services import gaps, runs
from apps.recordings.models import Recording
from apps.recordings.services import recording_describe
from apps.staff.forms import DetailsForm
from apps.staff.uploads import recording_url

Fields = Mapping[str, str]


def perform(request: HttpRequest, recording: Recording) -> HttpResponse:
    """Do what the posted `action` names, and go back to the recording's page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not access_of(request).may(Role.ANALYST, recording.workspace_id):
        raise PermissionDenied
    act = ACTIONS.get(request.POST.get("action", ""))
    if act is None:
        return HttpResponseBadRequest("unknown action")
    try:
        said = act(recording, staff_actor(request, recording.workspace_id), request.POST)
    except AppError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, said)
    return HttpResponseRedirect(recording_url(recording.pk))


def _retry(recording: Recording, actor: Actor, _fields: Fields) -> str:
    runs.recording_retry(recording=recording, actor=actor)
    return "Started again: only what is missing is done."


def _run(recording: Recording, actor: Actor, fields: Fields) -> str:
    runs.recording_rerun(
        recording=recording,
        actor=actor,
        from_stage=fields.get("from_stage") or None,
        ignore_cache=fields.get("ignore_cache") == "on",
    )
    return "Started again."


def _cancel(recording: Recording, actor: Actor, _fields: Fields) -> str:
    runs.recording_cancel(recording=recording, actor=actor)
    return "Canceled. What was done stays."


def _describe(recording: Recording, actor: Actor, fields: Fields) -> str:
    form = DetailsForm(fields, initial={"language_code": recording.language_code})
    if not form.is_valid():
        name, message = form.first_error()
        raise UserError(f"{form[name].label}: {message}", param=name)
    recording_describe(
        recording=recording,
        actor=actor,
        title=form.cleaned_data["title"],
        scenario=form.cleaned_data["scenario"],
        language_code=form.cleaned_data["language_code"],
        metadata=form.metadata(recording.metadata),
    )
    return "Saved. A new language or scenario counts from the next run on."


def _gap_accept(recording: Recording, actor: Actor, fields: Fields) -> str:
    start_ms, end_ms = _times(fields)
    gaps.gap_accept(recording=recording, actor=actor, start_ms=start_ms, end_ms=end_ms)
    return "Accepted as silence. The reports are written again."


def _gap_type(recording: Recording, actor: Actor, fields: Fields) -> str:
    start_ms, end_ms = _times(fields)
    gaps.gap_type(
        recording=recording,
        actor=actor,
        start_ms=start_ms,
        end_ms=end_ms,
        text=fields.get("text", ""),
        speaker=fields.get("speaker", ""),
    )
    return "Your words are in the transcript. The reports are written again."


def _times(fields: Fields) -> tuple[int, int]:
    try:
        return int(fields["start_ms"]), int(fields["end_ms"])
    except (KeyError, ValueError) as error:
        raise UserError("The gap's times are missing.", param="start_ms") from error


ACTIONS: Mapping[str, Callable[[Recording, Actor, Fields], str]] = MappingProxyType(
    {
        "retry": _retry,
        "run": _run,
        "cancel": _cancel,
        "describe": _describe,
        "gap_accept": _gap_accept,
        "gap_type": _gap_type,
    }
)
