"""Transcripts: what was said, by whom and when. Times are integer milliseconds."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from apps.core.ids import uuid7
from apps.recordings.models import Recording
from apps.transcripts.types import Region, UtteranceDraft, UtteranceWord

SPEAKER_LENGTH_MAX = 64


class TranscriptQuerySet(models.QuerySet["Transcript"]):
    def newest_first(self) -> Self:
        """The version that readers get comes first."""
        return self.order_by("-version", "-pk")


class Transcript(models.Model):
    """One version of a recording's text."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recording = models.ForeignKey(Recording, models.CASCADE, related_name="transcripts")
    version = models.PositiveIntegerField()
    language_code = models.CharField(max_length=35)
    language_assumed = models.BooleanField(default=False)
    engines = models.JSONField(default=list, help_text="[{provider, model}] of all that answered.")
    text = models.TextField(blank=True, help_text="The utterances joined by one space.")
    speech_ms = models.BigIntegerField()
    covered_ms = models.BigIntegerField()
    gaps = models.JSONField(default=list, help_text="[{start, end}] of speech without text.")
    silences = models.JSONField(default=list, help_text="[{start, end}] that a person declared to be no speech.")
    created_at = models.DateTimeField(auto_now_add=True)

    in_order: "tuple[Utterance, ...]"
    """Only where `selectors.utterances_of` has read them, or the version has just been made."""

    objects = TranscriptQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recording", "version"], name="one_transcript_per_version")]

    def __str__(self) -> str:
        return f"version {self.version} of {self.recording_id}"

    def silence_regions(self) -> list[Region]:
        """Return the stretches that somebody declared to be silence."""
        return [Region(one["start"], one["end"]) for one in self.silences]


class Utterance(models.Model):
    """A stretch of one speaker."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    transcript = models.ForeignKey(Transcript, models.CASCADE, related_name="utterances")
    index = models.PositiveIntegerField()
    channel = models.PositiveSmallIntegerField(null=True, help_text="None where a person typed it.")
    speaker = models.CharField(max_length=SPEAKER_LENGTH_MAX)
    start_ms = models.BigIntegerField()
    end_ms = models.BigIntegerField()
    text = models.TextField()
    confidence = models.FloatField(null=True)
    words = models.JSONField(default=list, help_text="[{text, start, end, confidence}], empty where no engine knew.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transcript", "index"], name="one_utterance_per_index"),
            models.CheckConstraint(condition=Q(end_ms__gte=F("start_ms")), name="utterance_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.speaker} at {self.start_ms} ms"

    def draft(self) -> UtteranceDraft:
        """Return what calculation needs of it."""
        words = (UtteranceWord(one["text"], one["start"], one["end"], one["confidence"]) for one in self.words)
        return UtteranceDraft(
            speaker=self.speaker,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            text=self.text,
            confidence=self.confidence,
            words=tuple(words),
            channel=self.channel,
        )
