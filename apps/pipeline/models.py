"""Runs and stages: the table that says what is to be done. Celery messages are hints to look here."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.ids import uuid7
from apps.recordings.models import Recording
from apps.transcripts.models import Transcript

DETAIL_LENGTH_MAX = 500


class Kind(models.TextChoices):
    """The steps of a run, in their order."""

    PREPARE = "prepare", "Prepare the audio"
    TRANSCRIBE = "transcribe", "Transcribe a chunk"
    ASSEMBLE = "assemble", "Assemble the transcript"
    ANALYZE = "analyze", "Write a report"


class Run(models.Model):
    """One requested processing of a recording."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Canceled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recording = models.ForeignKey(Recording, models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    from_stage = models.CharField(max_length=16, choices=Kind, default=Kind.PREPARE)
    ignore_cache = models.BooleanField(default=False)
    requested_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    transcript: Transcript | None
    """Only where `selectors.transcript_of` has read it, or the run has just made it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recording", "number"], name="one_run_per_number"),
            models.UniqueConstraint(
                fields=["recording"], condition=Q(status="open"), name="one_open_run_per_recording"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.recording_id}"


class StageQuerySet(models.QuerySet["Stage"]):
    def due(self) -> Self:
        """Stages that a worker may take now: ready and not postponed, or left behind by a dead worker."""
        ready = Q(status=Stage.Status.READY, not_before__lte=Now())
        abandoned = Q(status=Stage.Status.RUNNING, lease_until__lt=Now())
        return self.filter(ready | abandoned)

    def open(self) -> Self:
        """Stages that are not settled yet."""
        return self.filter(status__in=[Stage.Status.READY, Stage.Status.RUNNING])

    def held(self, token: int) -> Self:
        """The stage only if the worker with this fencing token still holds it."""
        return self.filter(status=Stage.Status.RUNNING, lease_token=token)


class Stage(models.Model):
    """One step of a run: its status, who holds it, when it may be tried, and what came of it."""

    class Status(models.TextChoices):
        READY = "ready", "Ready"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Canceled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="stages")
    kind = models.CharField(max_length=16, choices=Kind)
    index = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=64, blank=True, help_text="The report type, for analyze.")
    status = models.CharField(max_length=8, choices=Status, default=Status.READY)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.BigIntegerField(default=0, help_text="Grows with each claim; old holders cannot write.")
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(db_default=Now())
    hinted_at = models.DateTimeField(null=True)
    hints = models.PositiveSmallIntegerField(default=0)
    input = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.CharField(max_length=DETAIL_LENGTH_MAX, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind", "index"], name="one_stage_per_index")]
        indexes = [
            models.Index(fields=["not_before"], name="stage_due", condition=Q(status="ready")),
            models.Index(fields=["lease_until"], name="stage_abandoned", condition=Q(status="running")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.index} of run {self.run_id}"
