"""Filters that the staff pages of several rooms share."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter


class DaysFilter(RangeDateFilter):  # type: ignore[misc]
    """Whole days of the current time zone; the last one is included, where unfold's own ends at its first second."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - Django's
        first, last = (self._day(end) for end in ("from", "to"))
        if first is not None:
            queryset = queryset.filter(**self.since(_midnight(first)))
        if last is not None:
            queryset = queryset.filter(**self.before(_midnight(last + timedelta(days=1))))
        return queryset

    def since(self, moment: datetime) -> dict[str, object]:
        """Return the condition for rows of that time and later."""
        return {f"{self.field_path}__gte": moment}

    def before(self, moment: datetime) -> dict[str, object]:
        """Return the condition for rows before that time."""
        return {f"{self.field_path}__lt": moment}

    def _day(self, end: str) -> date | None:
        """Return the chosen day; what is no day chooses none."""
        try:
            return date.fromisoformat(self.used_parameters.get(f"{self.parameter_name}_{end}") or "")
        except ValueError:
            return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
