"""Hints: messages that tell a worker to look at a stage. Twice, late or never is harmless."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Case, DurationField, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Now

from apps.core.queue import enqueue
from apps.pipeline.models import Kind, Stage

QUEUES = {
    Kind.PREPARE: "media",
    Kind.TRANSCRIBE: "stt",
    Kind.ASSEMBLE: "default",
    Kind.ANALYZE: "llm",
}

SWEEP_BATCH = 200
FIRST_PATIENCE = timedelta(seconds=30)
MAX_DOUBLINGS = 5
"""A stage is hinted again after 30 s, 60 s ... 16 min: a backlog of thousands must not multiply itself."""


def stages_hint(stages: Iterable[Stage]) -> None:
    """Tell workers of stages whose rows say that they were just hinted."""
    for stage in stages:
        enqueue(
            "pipeline.stage_perform",
            queue=QUEUES[Kind(stage.kind)],
            lost=partial(_hint_lost, stage.pk),
            stage_id=str(stage.pk),
        )


def _hint_lost(stage_id: UUID) -> None:
    """Let the next sweep try again: the broker is away, and patience is for messages that it has."""
    Stage.objects.filter(pk=stage_id, hints__gt=0).update(hinted_at=None, hints=F("hints") - 1)


@transaction.atomic
def sweep() -> int:
    """Hint all due stages that no fresh hint is under way for; returns how many.

    It finds postponed stages whose time has come, hints that the broker lost, and the work of dead workers.
    """
    steps = [When(hints=1 + doublings, then=Value(FIRST_PATIENCE * 2**doublings)) for doublings in range(MAX_DOUBLINGS)]
    patience = Case(*steps, default=Value(FIRST_PATIENCE * 2**MAX_DOUBLINGS), output_field=DurationField())
    unheard = Q(hinted_at__lt=ExpressionWrapper(Now() - patience, output_field=DurationField()))
    # What a dead worker left was hinted before its lease ran out: nobody has been told since.
    left_behind = Q(status=Stage.Status.RUNNING, hinted_at__lt=F("lease_until"))
    forgotten = Q(hinted_at=None) | unheard | left_behind
    due = Stage.objects.due().filter(forgotten).select_for_update(skip_locked=True, of=("self",), no_key=True)
    stages = list(due.order_by("not_before", "pk")[:SWEEP_BATCH])
    Stage.objects.filter(pk__in=[stage.pk for stage in stages]).update(hinted_at=Now(), hints=F("hints") + 1)
    stages_hint(stages)
    return len(stages)
