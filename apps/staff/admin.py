"""The staff pages about recordings, which join several rooms, and the schedules of beat."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from apps.accounts.admin_base import WorkspaceBound, access_of, staff_actor
from apps.accounts.selectors import Role
from apps.analysis.scenarios import SCENARIOS
from apps.core.errors import AppError
from apps.pipeline.services import runs
from apps.recordings.models import Recording
from apps.staff import actions, beat, cells, files, formats, live, page, uploads
from apps.staff.changelist import CappedPaginator, RecordingList
from apps.staff.filters import (
    LanguageFilter,
    ScenarioFilter,
    StatusFilter,
    UploadedFilter,
    WorkspaceFilter,
    metadata_filter,
)
from apps.staff.words import language_name

__all__ = ["RecordingAdmin", "beat"]

SEARCHED_METADATA = ("number", "employee", "client", "place", "zone", "city", "tags")


@admin.register(Recording)
class RecordingAdmin(WorkspaceBound, ModelAdmin):  # type: ignore[misc]
    """Machines write recordings; people read them here and act through services."""

    add_role = change_role = Role.ANALYST
    delete_role = Role.ADMIN

    list_display = (
        "shown_title",
        "shown_status",
        "shown_duration",
        "shown_language",
        "shown_scenario",
        "shown_workspace",
        "shown_created",
    )
    list_display_links = ("shown_title",)
    list_select_related = ("workspace",)
    list_filter = (
        StatusFilter,
        ScenarioFilter,
        LanguageFilter,
        WorkspaceFilter,
        ("created_at", UploadedFilter),
        *(metadata_filter(name) for name in ("employee", "client", "place", "city")),
    )
    list_filter_submit = True
    list_filter_sheet = True
    list_fullwidth = True
    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    ordering = ("-id",)
    search_fields = ("title", "filename", *(f"metadata__{key}" for key in SEARCHED_METADATA), "^sha256", "=id")
    search_help_text = "Title, file, metadata, id or SHA-256"
    actions = ("retry_selected",)

    class Media:
        js = ("voxpersona/list.js",)

    @admin.display(description="Recording", ordering="title")
    def shown_title(self, recording: Recording) -> str:
        return cells.title_cell(recording)

    @admin.display(description="Status")
    def shown_status(self, recording: Recording) -> str:
        return cells.status_cell(recording)

    @admin.display(description="Length", ordering="duration_ms")
    def shown_duration(self, recording: Recording) -> str:
        return formats.duration(recording.duration_ms)

    @admin.display(description="Language")
    def shown_language(self, recording: Recording) -> str:
        return language_name(recording.language_code)

    @admin.display(description="Scenario")
    def shown_scenario(self, recording: Recording) -> str:
        scenario = SCENARIOS.get(recording.scenario)
        return scenario.title if scenario else recording.scenario

    @admin.display(description="Workspace")
    def shown_workspace(self, recording: Recording) -> str:
        return str(recording.workspace)

    @admin.display(description="Created", ordering="id")
    def shown_created(self, recording: Recording) -> str:
        return cells.created_cell(recording)

    def get_list_display(self, request: HttpRequest) -> Any:  # noqa: ANN401 - unfold's signature
        """Whoever works in one workspace need not read its name on every line."""
        shown = super().get_list_display(request)
        access = access_of(request)
        is_single = not access.everywhere and len(access.roles) == 1
        return [name for name in shown if not (is_single and name == "shown_workspace")]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordingList]:  # noqa: ARG002
        return RecordingList

    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, str, Callable[..., HttpResponseBase]]] = [
            ("upload/file/", "upload_file", uploads.upload_file),
            ("live/", "live", live.rows),
            ("<uuid:recording_id>/live/", "live_one", self._about(live.one)),
            ("<uuid:recording_id>/audio/", "audio", self._about(files.audio)),
            ("<uuid:recording_id>/original/", "original", self._about(files.original)),
            ("<uuid:recording_id>/transcript.<str:name>", "transcript", self._about(files.transcript)),
            ("<uuid:recording_id>/reports/<uuid:report_id>.md", "report", self._about(files.report)),
            ("<uuid:recording_id>/do/", "do", self._about(actions.perform)),
        ]
        prefix = "recordings_recording"
        own = [path(route, self.admin_site.admin_view(view), name=f"{prefix}_{name}") for route, name, view in pages]
        return own + list(super().get_urls())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, {"title": "Recordings"} | (extra_context or {}))
        return response

    def add_view(self, request: HttpRequest, *_: object, **__: object) -> HttpResponse:
        """Adding a recording is uploading it."""
        return uploads.upload_page(request, self._context(request))

    def change_view(self, request: HttpRequest, object_id: str, *_: object, **__: object) -> HttpResponse:
        """Show one recording: player, transcript, reports, stages."""
        recording = self._found(request, object_id)
        return page.recording_page(request, recording, self._context(request))

    def delete_model(self, request: HttpRequest, obj: Recording) -> None:
        runs.recording_delete(recording=obj, actor=staff_actor(request, obj.workspace_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        for recording in queryset:
            self.delete_model(request, recording)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:  # noqa: ANN401, ARG002
        """Say what goes in one line each: Django would load and list every utterance."""
        names = [f"{recording}: its file, transcripts and reports" for recording in objs]
        return names, {"recordings": len(names)}, set(), []

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Recording]) -> list[Any]:  # noqa: ARG002
        """The services write the audit log."""
        return []

    @admin.action(description="Retry", permissions=["change"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        retried = 0
        for recording in queryset:
            try:
                runs.recording_retry(recording=recording, actor=staff_actor(request, recording.workspace_id))
            except AppError as error:
                messages.warning(request, f"{recording}: {error.detail}")
            else:
                retried += 1
        if retried:
            messages.success(request, f"Started again: {retried}.")

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}

    def _found(self, request: HttpRequest, object_id: str) -> Recording:
        """Return the recording; one that the person may not see is 404."""
        try:
            rows = self.get_queryset(request).select_related("workspace").filter(pk=UUID(object_id))
        except ValueError as error:
            raise Http404 from error
        recording: Recording | None = rows.first()
        if recording is None:
            raise Http404
        return recording

    def _about(self, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        """Hand a view the recording instead of its id."""

        def about(request: HttpRequest, recording_id: UUID, **more: object) -> HttpResponseBase:
            recording = self._found(request, str(recording_id))
            return view(request, recording, **more)

        return update_wrapper(about, view)
