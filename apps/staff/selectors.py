"""Questions that the staff pages ask across rooms. Each is a fixed number of queries."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.accounts.selectors import Access
from apps.core.ids import uuid7_floor
from apps.pipeline.models import Kind, Run, Stage
from apps.providers.models import ProviderCall
from apps.recordings.models import Recording

RUNNING = (Recording.Status.QUEUED, Recording.Status.PROCESSING)
WAITING = (Recording.Status.NEEDS_ATTENTION, Recording.Status.ERROR)
DAYS = 14


@dataclass(frozen=True, slots=True)
class StatusCount:
    status: str
    label: str
    today: int
    week: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What was uploaded and what engines cost in a span of time."""

    recordings: int
    audio_ms: int
    calls: int
    costs: tuple[tuple[str, Decimal], ...]
    """Per currency; nothing where all was free."""


def recordings_of(access: Access) -> QuerySet[Recording]:
    """Return the recordings that a person may see."""
    rows = Recording.objects.all()
    return rows if access.everywhere else rows.filter(workspace__in=access.workspace_ids())


def attention_count(access: Access, *, at_most: int) -> int:
    """Count recordings that wait for a person, no further than asked for."""
    return recordings_of(access).filter(status__in=WAITING)[:at_most].count()


def attention_list(access: Access, *, limit: int) -> list[Recording]:
    """Return the newest recordings that wait for a person."""
    return _newest(recordings_of(access).filter(status__in=WAITING), limit)


def recent_list(access: Access, *, limit: int) -> list[Recording]:
    """Return the newest recordings."""
    return _newest(recordings_of(access), limit)


def status_counts(access: Access) -> list[StatusCount]:
    """Count the recordings of today and of the last seven days by status."""
    now = timezone.now()
    week = recordings_of(access).filter(pk__gte=uuid7_floor(now - timedelta(days=7)))
    today = Count("pk", filter=Q(pk__gte=uuid7_floor(_midnight(now))))
    found = week.values("status").annotate(today=today, week=Count("pk"))
    rows = {row["status"]: (row["today"], row["week"]) for row in found}
    return [StatusCount(status, str(label), *rows.get(status, (0, 0))) for status, label in Recording.Status.choices]


def usage(access: Access, *, days: int) -> Usage:
    """Sum up uploads and engine calls of the last days."""
    since = timezone.now() - timedelta(days=days)
    uploads = recordings_of(access).filter(pk__gte=uuid7_floor(since))
    sums = uploads.aggregate(recordings=Count("pk"), audio_ms=Sum("duration_ms"))
    # The index is by workspace and time: superusers too ask per workspace.
    workspaces = access.workspaces().order_by().values("pk")
    calls = ProviderCall.objects.filter(workspace__in=workspaces, started_at__gte=since, cached=False)
    costs = list(calls.values("currency").annotate(cost=Sum("cost"), count=Count("pk")).order_by("currency"))
    return Usage(
        recordings=sums["recordings"],
        audio_ms=sums["audio_ms"] or 0,
        calls=sum(row["count"] for row in costs),
        costs=tuple((row["currency"], row["cost"]) for row in costs if row["cost"]),
    )


def uploads_per_day(access: Access) -> list[tuple[date, int]]:
    """Return the number of uploads on each of the last days, the oldest first, days without any included."""
    first = _midnight(timezone.now()) - timedelta(days=DAYS - 1)
    rows = recordings_of(access).filter(pk__gte=uuid7_floor(first))
    per_day = dict(rows.annotate(day=TruncDate("created_at")).values_list("day").annotate(count=Count("pk")))
    days = [first.date() + timedelta(days=offset) for offset in range(DAYS)]
    return [(day, per_day.get(day, 0)) for day in days]


def has_recordings(access: Access) -> bool:
    return recordings_of(access).exists()


def stages_shown(recording: Recording) -> tuple[Run | None, list[Stage]]:
    """Return the newest run and its stages in the order of the work, without their bulky inputs and results."""
    run = Run.objects.filter(recording=recording).order_by("-number").first()
    if run is None:
        return None, []
    order = {kind: place for place, kind in enumerate(Kind)}
    stages = Stage.objects.filter(run=run).defer("input", "result")
    return run, sorted(stages, key=lambda stage: (order[Kind(stage.kind)], stage.index))


def stage_engines(recording_id: UUID) -> dict[str, str]:
    """Return the engine that answered for each purpose: a chunk's index or a report's type."""
    answered = ProviderCall.objects.filter(subject_id=recording_id, status=ProviderCall.Status.OK)
    rows = answered.order_by("started_at", "pk").values_list("purpose", "provider", "model")
    return {purpose: f"{provider} {model}" for purpose, provider, model in rows}


def _newest(rows: QuerySet[Recording], limit: int) -> list[Recording]:
    slim = rows.select_related("workspace").defer("gaps", "keyterms")
    return list(slim.order_by("-pk")[:limit])


def _midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
