"""Entrances for the workers: cleaning up after deleted recordings, broken uploads and killed processes."""

from datetime import timedelta

from celery import shared_task

from apps.core import storage
from apps.core.clock import database_now
from apps.recordings import orphans, services

ABANDONED_AFTER = timedelta(hours=24)
"""A multipart upload older than this belongs to no living request."""


@shared_task(name="recordings.removals_perform", soft_time_limit=300, time_limit=330)
def removals_perform(**_newer_arguments: object) -> None:
    """Remove objects of deleted recordings. Safe to deliver twice, late or never."""
    services.removals_perform()


@shared_task(name="recordings.uploads_expire", soft_time_limit=300, time_limit=330)
def uploads_expire(**_newer_arguments: object) -> None:
    """Drop the parts that a killed web process left in storage."""
    storage.abort_stale_uploads(ABANDONED_AFTER)


@shared_task(name="recordings.orphans_remove", soft_time_limit=1500, time_limit=1560)
def orphans_remove(**_newer_arguments: object) -> None:
    """Remove files that no recording knows. Safe to deliver twice or beside itself."""
    orphans.orphans_remove(now=database_now())
