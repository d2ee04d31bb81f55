"""The first page: what came in, what waits for a person, what it cost."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin_base import access_of
from apps.staff import formats, selectors
from apps.staff.navigation import may_upload
from apps.staff.words import explanation

LIST_LENGTH = 6
USAGE_DAYS = (7, 30)


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the overview shows. Called by the theme for the index page."""
    access = access_of(request)
    waiting = selectors.attention_list(access, limit=LIST_LENGTH)
    per_day = selectors.uploads_per_day(access)
    most = max(count for _, count in per_day)
    return context | {
        "title": "Overview",
        "is_empty": not selectors.has_recordings(access),
        "may_upload": may_upload(request),
        "counts": selectors.status_counts(access),
        "waiting": [(recording, explanation(recording.error_code)) for recording in waiting],
        "recent": selectors.recent_list(access, limit=LIST_LENGTH),
        "usage": [(days, _usage(request, days)) for days in USAGE_DAYS],
        "days": [(day, count, 100 * count // most if most else 0) for day, count in per_day],
        "api_address": request.build_absolute_uri("/api/v1/recordings"),
        "list_address": reverse("admin:recordings_recording_changelist"),
    }


def _usage(request: HttpRequest, days: int) -> dict[str, Any]:
    used = selectors.usage(access_of(request), days=days)
    costs = ", ".join(f"{cost:.2f} {currency}" for currency, cost in used.costs)
    return {
        "recordings": used.recordings,
        "audio": formats.span(used.audio_ms),
        "calls": used.calls,
        "cost": costs or "nothing",
    }
