"""Reports: what an analysis says about a transcript, and the words that carry each claim."""

from django.db import models

from apps.core.ids import uuid7
from apps.recordings.models import Recording
from apps.transcripts.models import Transcript


class Report(models.Model):
    """The result of one report type over one transcript. Findings and scores are as docs/reports.md shows them."""

    class Status(models.TextChoices):
        READY = "ready", "Ready"
        STALE = "stale", "Stale"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recording = models.ForeignKey(Recording, models.CASCADE, related_name="reports")
    transcript = models.ForeignKey(Transcript, models.CASCADE, related_name="reports")
    type = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=Status, default=Status.READY)
    scenario_key = models.CharField(max_length=64)
    scenario_version = models.PositiveIntegerField()
    speech_ms = models.BigIntegerField()
    analysed_ms = models.BigIntegerField()
    findings = models.JSONField(default=list)
    scores = models.JSONField(default=list)
    totals = models.JSONField(default=dict)
    body_md = models.TextField(blank=True)
    provenance = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transcript", "type"], name="one_report_per_type")]

    def __str__(self) -> str:
        return f"{self.title} of {self.recording_id}"
