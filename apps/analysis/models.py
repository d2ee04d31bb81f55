"""Reports: what an analysis says about a transcript, and the words that carry each claim."""

from collections import Counter

from django.db import models

from apps.analysis.types import State
from apps.core.ids import uuid7
from apps.recordings.models import Recording
from apps.transcripts.models import Transcript

TITLE_LENGTH_MAX = 200
DETAIL_LENGTH_MAX = 500


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
    title = models.CharField(max_length=TITLE_LENGTH_MAX)
    language_code = models.CharField(max_length=35, blank=True, help_text="Of the transcript, and so of the report.")
    status = models.CharField(max_length=8, choices=Status, default=Status.READY)
    scenario_key = models.CharField(max_length=64)
    scenario_version = models.PositiveIntegerField()
    speech_ms = models.BigIntegerField()
    analysed_ms = models.BigIntegerField()
    findings = models.JSONField(default=list)
    scores = models.JSONField(default=list)
    totals = models.JSONField(default=dict)
    body_md = models.TextField(blank=True)
    provenance = models.JSONField(default=list, help_text="[{provider, model, prompt_version, cost}]")
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.CharField(max_length=DETAIL_LENGTH_MAX, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transcript", "type"], name="one_report_per_type")]

    def __str__(self) -> str:
        return f"{self.title} of {self.recording_id}"

    @property
    def counts(self) -> dict[str, int]:
        """How many pieces of evidence are in each state."""
        found = Counter(evidence["state"] for claim in (*self.findings, *self.scores) for evidence in claim["evidence"])
        return {state.value: found[state.value] for state in State}
