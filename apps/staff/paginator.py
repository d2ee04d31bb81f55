"""Pages of long tables without counting all of their rows."""

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

COUNT_MAX = 10_000


class CappedPaginator(Paginator[Any]):
    """Counts no further than COUNT_MAX rows: beyond that people filter, they do not turn pages."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or COUNT_MAX where there are more."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[:COUNT_MAX].count()
