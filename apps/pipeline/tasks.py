"""Entrances for the workers."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from apps.core import queue
from apps.pipeline.services import hints, perform


@shared_task(
    name="pipeline.stage_perform",
    soft_time_limit=settings.STAGE_SOFT_LIMIT_SECONDS,
    time_limit=settings.STAGE_HARD_LIMIT_SECONDS,
)
def stage_perform(*, stage_id: str, **_newer_arguments: object) -> None:
    """Perform one stage. Safe to deliver twice, late, or for a deleted stage."""
    perform.stage_perform(stage_id=UUID(stage_id), queues=queue.served)


@shared_task(name="pipeline.sweep", soft_time_limit=60, time_limit=90)
def sweep(**_newer_arguments: object) -> None:
    """Hint all stages that are due. Safe to run twice at once."""
    hints.sweep()
