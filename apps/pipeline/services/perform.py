"""Perform one stage: claim it, compute outside any transaction, then settle, save and open what follows in one."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from random import SystemRandom
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction

from apps.core.child import ChildStoppedError
from apps.core.errors import AppError, TransientError
from apps.core.outages import DATABASE_ERRORS, DatabaseUnavailableError, persist
from apps.pipeline.errors import PoisonError, StageTimeoutError
from apps.pipeline.models import Kind, Stage
from apps.pipeline.services import claims, flow, hints
from apps.pipeline.services.claims import Claim
from apps.pipeline.steps import STEPS
from apps.pipeline.steps.types import Outcome
from apps.recordings.services import Mirror

log = structlog.get_logger(__name__)

FIRST_DELAY_SECONDS = 2.0
MAX_DELAY_SECONDS = 600.0

GO_ON_SECONDS = 60.0
"""A task that has taken longer goes on with nothing: the time limits of a task are those of one stage."""


def stage_perform(*, stage_id: UUID, queues: Callable[[], frozenset[str]] = frozenset) -> None:
    """Do the stage's work if it is due, and go on with what follows from it where its queue is one of `queues`.

    Repeats, stale hints and deleted stages are no-ops.
    """
    performer = Performer(queues, time.monotonic() + GO_ON_SECONDS)
    claim = claims.stage_claim(stage_id=stage_id)
    while claim is not None:
        claim = performer.perform(claim)


def delay_after(attempt: int) -> timedelta:
    """Return how long to wait after the given attempt: full jitter over a capped exponential."""
    ceiling = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempt)
    return timedelta(seconds=SystemRandom().uniform(FIRST_DELAY_SECONDS / 2, ceiling))


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs stages one after the other. Each method returns the claim on what to go on with, if anything."""

    queues: Callable[[], frozenset[str]]
    """The worker's, now: a message through any of these could have come here. None once it was told to stop, so that
    it begins no call of an engine."""
    until: float
    """When it goes on with nothing more, on the monotonic clock."""

    def perform(self, claim: Claim) -> Claim | None:
        """Do a claimed stage's work, settle it or give it back."""
        stage = claim.stage
        with structlog.contextvars.bound_contextvars(
            stage_id=str(stage.pk), stage=stage.kind, recording_id=str(stage.run.recording_id)
        ):
            if stage.attempts > settings.STAGE_MAX_ATTEMPTS:
                return self.fail(claim, PoisonError())  # earlier attempts ended without a word: their workers died
            return self._work(claim)

    def _work(self, claim: Claim) -> Claim | None:
        started_at = time.monotonic()
        try:
            with claims.heartbeat(claim):
                outcome = STEPS[Kind(claim.stage.kind)].compute(claim)
        except ChildStoppedError:
            log.info("stage_abandoned")
            return None
        except SystemExit:
            persist(lambda: claims.claim_release(claim=claim))
            raise
        except SoftTimeLimitExceeded:
            return self.fail(claim, StageTimeoutError())
        except DATABASE_ERRORS as error:
            return self.postpone(claim, DatabaseUnavailableError(type(error).__name__))
        except TransientError as error:
            return self.postpone(claim, error)
        except AppError as error:
            return self.fail(claim, error)
        except Exception:
            # A bug: it reaches the error tracker, and the stage is tried again in case it was the data's moment.
            self.postpone(claim, TransientError("An internal error; operators were told."), code="internal_error")
            raise
        following = self.settle(claim, outcome)
        log.info("stage_done", attempt=claim.stage.attempts, duration_ms=round((time.monotonic() - started_at) * 1000))
        return following

    def settle(self, claim: Claim, outcome: Outcome) -> Claim | None:
        """Save the result and open what follows, if the claim still holds; a lost claim saves nothing."""
        following: Claim | None = persist(lambda: self._settle(claim, outcome))
        return following

    def fail(self, claim: Claim, error: AppError) -> Claim | None:
        """End the stage with what is wrong, and open what follows from that."""
        following: Claim | None = persist(lambda: self._fail(claim, error))
        return following

    @transaction.atomic
    def _settle(self, claim: Claim, outcome: Outcome) -> Claim | None:
        if not claims.claim_settle(claim=claim, status=Stage.Status.DONE, result=outcome.result):
            log.warning("claim_lost_before_settling")
            return None
        outcome.save(claim.stage.run.recording)
        return self._advance(claim.stage, outcome.shows)

    @transaction.atomic
    def _fail(self, claim: Claim, error: AppError) -> Claim | None:
        if not claims.claim_settle(
            claim=claim, status=Stage.Status.FAILED, error_code=error.code, error_detail=error.detail
        ):
            return None
        log.warning("stage_failed", code=error.code)
        return self._advance(claim.stage, Mirror())

    def postpone(self, claim: Claim, error: TransientError, *, code: str | None = None) -> Claim | None:
        """Try again later; a failure that keeps coming back ends the stage with its code."""
        counts = error.counts
        if counts and claim.stage.attempts >= settings.STAGE_MAX_ATTEMPTS:
            return self.fail(claim, error)
        delay = timedelta(seconds=error.retry_after) if error.retry_after else delay_after(claim.stage.attempts)
        log.info("stage_postponed", code=code or error.code, seconds=delay.total_seconds())
        persist(
            lambda: claims.claim_postpone(
                claim=claim, delay=delay, code=code or error.code, detail=error.detail, counts=counts
            )
        )
        return None

    def _advance(self, stage: Stage, shows: Mirror) -> Claim | None:
        turn = flow.run_advance(run=stage.run, stage=stage)
        return flow.turn_take(run=stage.run, turn=turn, also=shows, ours=self._choose(turn.stages))

    def _choose(self, stages: Iterable[Stage]) -> Stage | None:
        """Return the first stage that another message could have brought here."""
        if time.monotonic() > self.until:
            return None
        queues = self.queues()
        return next((stage for stage in stages if hints.QUEUES[Kind(stage.kind)] in queues), None)
