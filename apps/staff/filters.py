"""Filters of the list of recordings. None of them asks the database for its choices but that of the workspaces."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter, MultipleDropdownFilter, TextFilter

from apps.accounts.admin_base import access_of
from apps.accounts.admin_filters import DaysFilter
from apps.analysis.scenarios import SCENARIOS
from apps.core.ids import uuid7_floor
from apps.recordings.models import Recording
from apps.staff.words import LANGUAGES, METADATA_WORDS

Choices = Iterable[tuple[str, str]]


class StatusFilter(MultipleDropdownFilter):  # type: ignore[misc]
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:  # noqa: ANN401, ARG002 - Django's signature
        return Recording.Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> QuerySet[Recording]:  # noqa: ARG002
        return queryset.filter(status__in=self.value()) if self.value() else queryset


class ScenarioFilter(DropdownFilter):  # type: ignore[misc]
    title = "scenario"
    parameter_name = "scenario"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:  # noqa: ANN401, ARG002
        return [(one.key, one.title) for one in SCENARIOS.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> QuerySet[Recording]:  # noqa: ARG002
        return queryset.filter(scenario=self.value()) if self.value() else queryset


class LanguageFilter(DropdownFilter):  # type: ignore[misc]
    """By primary language: `ru` finds `ru-RU` too."""

    title = "language"
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:  # noqa: ANN401, ARG002
        return LANGUAGES.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> QuerySet[Recording]:  # noqa: ARG002
        return queryset.filter(language_code__startswith=self.value()) if self.value() else queryset


class WorkspaceFilter(DropdownFilter):  # type: ignore[misc]
    """Only workspaces that the person may see."""

    title = "workspace"
    parameter_name = "workspace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:  # noqa: ANN401, ARG002
        return [(str(one.pk), str(one)) for one in access_of(request).workspaces()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> QuerySet[Recording]:  # noqa: ARG002
        known = {key for key, _ in self.lookup_choices}
        return queryset.filter(workspace=self.value()) if self.value() in known else queryset


class MetadataFilter(TextFilter):  # type: ignore[misc]
    """Part of one value of the metadata."""

    key: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:  # noqa: ANN401, ARG002
        return ()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> QuerySet[Recording]:  # noqa: ARG002
        text = self.value()
        return queryset.filter(**{f"metadata__{self.key}__icontains": text}) if text else queryset


class UploadedFilter(DaysFilter):
    """By the day of the upload, which the identifiers tell: their index is used, created_at has none."""

    def since(self, moment: datetime) -> dict[str, object]:
        return {"pk__gte": uuid7_floor(moment)}

    def before(self, moment: datetime) -> dict[str, object]:
        return {"pk__lt": uuid7_floor(moment)}


def metadata_filter(name: str) -> type[MetadataFilter]:
    """Return the filter for one key of the metadata."""
    words = {"key": name, "title": METADATA_WORDS[name].lower(), "parameter_name": name}
    return type(f"{name.title()}Filter", (MetadataFilter,), words)
