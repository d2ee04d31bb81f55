"""Error tracking: only with a DSN, and with nothing personal in it."""

from typing import TYPE_CHECKING

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.celery import CeleryIntegration

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint


def start() -> None:
    """Connect to Sentry."""
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.SENTRY_ENVIRONMENT,
        release=settings.VERSION,
        send_default_pii=False,
        include_local_variables=False,  # locals hold transcripts and keys
        max_request_body_size="never",
        integrations=[CeleryIntegration(monitor_beat_tasks=True)],
        before_send=scrub,
        before_breadcrumb=lambda crumb, _hint: None if crumb.get("category") == "query" else crumb,
    )


def scrub(event: "Event", _hint: "Hint") -> "Event":
    """Drop what may name or quote a person: headers, cookies, query strings, users, command lines."""
    request = event.get("request")
    if request:
        for field in ("headers", "cookies", "query_string", "data", "env"):
            request.pop(field, None)
    event.pop("user", None)
    event.get("extra", {}).pop("sys.argv", None)
    return event
