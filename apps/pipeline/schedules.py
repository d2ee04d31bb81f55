"""What beat does and how often. Made once after a migration; from then on the admin decides."""

from dataclasses import dataclass

from django.conf import settings
from django_celery_beat.models import IntervalSchedule, PeriodicTask


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    task: str
    seconds: int
    description: str


def schedules() -> tuple[Schedule, ...]:
    """Return every periodic task of the product."""
    return (
        Schedule("Sweep", "pipeline.sweep", settings.SWEEP_SECONDS, "Hints stages that are due or left behind."),
        Schedule("Removals", "recordings.removals_perform", 60, "Removes the objects of deleted recordings."),
        Schedule("Broken uploads", "recordings.uploads_expire", 3600, "Drops parts of uploads that never ended."),
        Schedule("Orphans", "recordings.orphans_remove", 86_400, "Removes files, a day old, that no recording knows."),
        Schedule("Repeated requests", "accounts.idempotent_answers_expire", 3600, "Forgets answers kept for repeats."),
    )


def schedules_seed(**_signal: object) -> None:
    """Add schedules that are missing; those that an operator changed or switched off stay as they are."""
    for schedule in schedules():
        interval, _ = IntervalSchedule.objects.get_or_create(every=schedule.seconds, period=IntervalSchedule.SECONDS)
        PeriodicTask.objects.get_or_create(
            name=schedule.name,
            defaults={
                "task": schedule.task,
                "interval": interval,
                "queue": "default",
                "expire_seconds": max(30, schedule.seconds),  # an outage must not leave a heap of sweeps
                "description": schedule.description,
            },
        )
