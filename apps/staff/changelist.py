"""The list of recordings without counting all of them."""

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

COUNT_MAX = 10_000
HEAVY_FIELDS = ("gaps", "keyterms", "object_key", "error_detail")


class CappedPaginator(Paginator[Any]):
    """Counts no further than COUNT_MAX rows: beyond that people filter, they do not turn pages."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or COUNT_MAX where there are more."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[:COUNT_MAX].count()


class RecordingList(ChangeList):  # type: ignore[misc]
    """The list of recordings: without their bulky fields, and without a second count of the same rows."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:  # noqa: ANN401
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.defer(*HEAVY_FIELDS)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.has_active_filters or self.query):
            self.full_result_count = self.result_count
