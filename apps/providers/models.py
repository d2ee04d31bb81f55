"""The ledger: every call of an engine, before it is made, and the answers that need not be paid again."""

from datetime import timedelta
from decimal import Decimal
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from apps.core.ids import uuid7
from apps.providers.types import Operation

LEASE = timedelta(seconds=40)
"""A call whose worker has not renewed it for this long is abandoned. Shorter than the lease of the work around it, so
that whoever takes over that work finds the call free."""


class ProviderCallQuerySet(models.QuerySet["ProviderCall"]):
    def of_question(self, idem_key: str) -> Self:
        """Rows of equal questions, the oldest first; `answers` says which hold an answer, fetched when looked at."""
        answers = Q(status=ProviderCall.Status.OK, raw_answer__isnull=False)
        rows = self.filter(idem_key=idem_key).annotate(answers=ExpressionWrapper(answers, BooleanField()))
        return rows.defer("raw_answer").order_by("started_at", "pk")

    def in_flight(self, call_id: UUID) -> Self:
        return self.filter(pk=call_id, status=ProviderCall.Status.IN_FLIGHT)

    def renew(self, call_id: UUID) -> bool:
        """Keep a call in flight from looking abandoned; False when it is not in flight any more."""
        return self.in_flight(call_id).update(lease_until=Now() + LEASE) == 1


class ProviderCall(models.Model):
    """One call of an engine, or one use of an earlier answer (`cached`, cost 0).

    `status` is about money: `failed` only where it is certain that nothing was charged, `unknown` where that
    cannot be excluded. An answer that came is `ok`, also a useless one (then with an `error_code`).
    """

    class Status(models.TextChoices):
        IN_FLIGHT = "in_flight", "In flight"
        OK = "ok", "OK"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="+")
    subject_id = models.UUIDField(help_text="Whose sound or text it is; what is deleted together.")
    idem_key = models.CharField(max_length=64, help_text="SHA-256 of the question; equal questions share an answer.")
    attempt = models.PositiveSmallIntegerField(help_text="Of this question; a cached row names the attempt it uses.")
    operation = models.CharField(max_length=8, choices=[(item.value, item.value) for item in Operation])
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=120)
    purpose = models.CharField(max_length=64, help_text="Chunk index or report type.")
    status = models.CharField(max_length=16, choices=Status, default=Status.IN_FLIGHT)
    cached = models.BooleanField(default=False)
    units = models.JSONField(default=dict)
    cost = models.DecimalField(max_digits=14, decimal_places=6, default=Decimal(0))
    currency = models.CharField(max_length=3, default="USD")
    error_code = models.CharField(max_length=64, blank=True)
    provider_request_id = models.CharField(max_length=200, blank=True)
    raw_answer = models.TextField(
        null=True,
        editable=False,
        help_text="The answer as it came (JSON); null until it came and after its subject was forgotten.",
    )
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField()

    answers: bool
    """Only on rows from `of_question`."""

    objects = ProviderCallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["idem_key", "attempt"], condition=Q(cached=False), name="one_call_per_attempt"
            ),
            # The guard against paying twice. An answer that was forgotten may be asked for again.
            models.UniqueConstraint(
                fields=["idem_key"],
                condition=Q(cached=False) & (Q(status="in_flight") | Q(status="ok", raw_answer__isnull=False)),
                name="one_open_call_per_question",
            ),
            models.CheckConstraint(
                condition=Q(cached=False) | Q(status="ok", cost=0), name="cached_calls_cost_nothing"
            ),
            models.CheckConstraint(
                condition=Q(status="in_flight", finished_at__isnull=True)
                | (~Q(status="in_flight") & Q(finished_at__isnull=False)),
                name="settled_calls_have_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_id", "started_at"], name="calls_of_a_subject"),
            models.Index(fields=["workspace", "started_at"], name="calls_of_a_workspace"),
            models.Index(fields=["idem_key"], name="calls_of_a_question"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} {self.purpose} #{self.attempt}: {self.status}"


class ForgottenSubject(models.Model):
    """A deleted subject: an answer about it that still arrives is not kept."""

    subject_id = models.UUIDField(primary_key=True)
    forgotten_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.subject_id)
