"""Lists with a cursor: the newest first, no counting, the same speed on every page."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

from apps.api.fields import StrictSerializer

LIMIT_MAX = 100
LIMIT_DEFAULT = 25

Row = TypeVar("Row", bound=Model)


class PageQuery(StrictSerializer):
    """What every list takes."""

    limit = serializers.IntegerField(
        min_value=1, max_value=LIMIT_MAX, default=LIMIT_DEFAULT, help_text="How many to return."
    )
    after = serializers.UUIDField(required=False, help_text="The `next_cursor` of the page before.")


def page_of(rows: QuerySet[Row], values: dict[str, Any]) -> tuple[list[Row], str | None]:
    """Return one page by descending id and the cursor of the next one, None on the last page.

    The id after which the page begins need not exist any more.
    """
    if "after" in values:
        rows = rows.filter(pk__lt=values["after"])
    found = list(rows.order_by("-pk")[: values["limit"] + 1])
    page = found[: values["limit"]]
    return page, str(page[-1].pk) if len(found) > len(page) else None


def page_body(data: Any, cursor: str | None) -> dict[str, Any]:  # noqa: ANN401 - serialised rows
    """Return the body of every list."""
    return {"data": data, "has_more": cursor is not None, "next_cursor": cursor}
