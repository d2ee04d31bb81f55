"""Times that must keep their order, or work is repeated or lost. Checked at every start."""

from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

INCREASING = (
    "PROVIDER_TIMEOUT_SECONDS",
    "STAGE_SOFT_LIMIT_SECONDS",
    "STAGE_HARD_LIMIT_SECONDS",
    "VISIBILITY_TIMEOUT_SECONDS",
)
"""A call ends before its stage is asked to, that before the worker kills it, that before the broker repeats it."""

HEARTBEATS_PER_LEASE = 3


@register(Tags.compatibility)
def check_order_of_times(**_context: Any) -> list[CheckMessage]:
    """Compare the limits of calls, stages, leases and the broker."""
    found: list[CheckMessage] = [
        Error(f"{lower} must be below {upper}.", id="pipeline.E001")
        for lower, upper in pairwise(INCREASING)
        if getattr(settings, lower) >= getattr(settings, upper)
    ]
    if HEARTBEATS_PER_LEASE * settings.STAGE_HEARTBEAT_SECONDS >= settings.STAGE_LEASE_SECONDS:
        found.append(
            Error("Three times STAGE_HEARTBEAT_SECONDS must be below STAGE_LEASE_SECONDS.", id="pipeline.E002")
        )
    return found


@register(Tags.compatibility, deploy=True)
def check_shutdown(**_context: Any) -> list[CheckMessage]:
    """In production a stopping worker must have time to let the longest call end."""
    found: list[CheckMessage] = []
    if settings.PROVIDER_TIMEOUT_SECONDS > settings.SOFT_SHUTDOWN_SECONDS:
        found.append(Error("PROVIDER_TIMEOUT_SECONDS must not exceed SOFT_SHUTDOWN_SECONDS.", id="pipeline.E003"))
    if settings.SOFT_SHUTDOWN_SECONDS >= settings.STOP_GRACE_SECONDS:
        found.append(Error("SOFT_SHUTDOWN_SECONDS must be below STOP_GRACE_SECONDS.", id="pipeline.E004"))
    return found
