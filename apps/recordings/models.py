"""Recordings: the uploaded audio, what is known about it, and how far its processing has come."""

from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.accounts.models import Workspace
from apps.core.ids import uuid7


class Recording(models.Model):
    """One uploaded audio, or the audio track of a video, with its metadata.

    The fields from `status` on mirror the newest run; only the pipeline writes them.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        PROCESSING = "processing", "Processing"
        COMPLETED = "completed", "Completed"
        NEEDS_ATTENTION = "needs_attention", "Needs attention"
        ERROR = "error", "Error"
        CANCELED = "canceled", "Canceled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="recordings")
    title = models.CharField(max_length=300, blank=True)
    filename = models.CharField(max_length=255, blank=True, help_text="As sent, escaped; never used as a key.")
    media_type = models.CharField(max_length=64)
    container = models.CharField(max_length=32, help_text="Format found in the content.")
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    object_key = models.CharField(max_length=200)
    duplicate_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="duplicates")

    scenario = models.CharField(max_length=64)
    language_code = models.CharField(max_length=35, blank=True)
    speakers_expected = models.PositiveSmallIntegerField(null=True, blank=True)
    keyterms = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    uploaded_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=16, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)
    duration_ms = models.BigIntegerField(null=True)
    speech_ms = models.BigIntegerField(null=True)
    covered_ms = models.BigIntegerField(null=True)
    gaps = models.JSONField(default=list)
    warnings = ArrayField(models.CharField(max_length=32), default=list)
    error_code = models.CharField(max_length=64, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    completed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="recording_newest"),
            models.Index(fields=["workspace", "status", "-id"], name="recording_by_status"),
            models.Index(fields=["workspace", "sha256", "id"], name="recording_by_content"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="progress_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return self.title or self.filename or str(self.pk)

    @property
    def prefix(self) -> str:
        """Everything stored for this recording has a key below this."""
        return object_prefix(self.workspace_id, self.pk)


def object_prefix(workspace_id: UUID, recording_id: UUID) -> str:
    """Return where a recording's objects are kept: identifiers only, never a name that a user chose."""
    return f"{workspace_id}/{recording_id}/"


class PreparedAudio(models.Model):
    """What one decode pass made of a recording: files to transcribe and play, and what was measured."""

    recording = models.OneToOneField(Recording, models.CASCADE, related_name="prepared")
    playback_key = models.CharField(max_length=250)
    channels = models.JSONField(help_text="[{key, sha256, speech: [[start_ms, end_ms], ...]}]")
    peaks = models.JSONField(default=list, help_text="Loudest sample per slice, 0-100, for the waveform.")
    measures = models.JSONField(default=dict, help_text="Loudness, clipping and silence shares, codec, rate.")
    duration_ms = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"prepared audio of {self.recording_id}"


class Removal(models.Model):
    """Objects that must go. The row outlives its recording until nothing can write below the prefix any more."""

    prefix = models.CharField(max_length=200, unique=True)
    not_before = models.DateTimeField()
    last_pass_at = models.DateTimeField(help_text="A pass at or after this time is the last.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.prefix
