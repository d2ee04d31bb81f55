"""Perform one stage: claim it, compute outside any transaction, then settle, save and open what follows in one."""

from datetime import timedelta
from random import SystemRandom
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction

from apps.core.child import ChildStoppedError
from apps.core.errors import AppError, TransientError
from apps.pipeline.errors import PoisonError, StageTimeoutError
from apps.pipeline.models import Kind, Stage
from apps.pipeline.services import claims, flow
from apps.pipeline.services.claims import Claim
from apps.pipeline.steps import STEPS
from apps.pipeline.steps.types import Outcome

log = structlog.get_logger(__name__)

FIRST_DELAY_SECONDS = 2.0
MAX_DELAY_SECONDS = 600.0


def stage_perform(*, stage_id: UUID) -> None:
    """Do the stage's work if it is due. Repeats, stale hints and deleted stages are no-ops."""
    claim = claims.stage_claim(stage_id=stage_id)
    if claim is None:
        return
    stage = claim.stage
    with structlog.contextvars.bound_contextvars(
        stage_id=str(stage.pk), stage=stage.kind, recording_id=str(stage.run.recording_id)
    ):
        if stage.attempts > settings.STAGE_MAX_ATTEMPTS:
            _fail(claim, PoisonError())  # earlier attempts ended without a word: their workers died
            return
        try:
            with claims.heartbeat(claim):
                outcome = STEPS[Kind(stage.kind)].compute(claim)
        except ChildStoppedError:
            log.info("stage_abandoned")
        except SystemExit:
            claims.claim_release(claim=claim)
            raise
        except SoftTimeLimitExceeded:
            _fail(claim, StageTimeoutError())
        except TransientError as error:
            _postpone(claim, error)
        except AppError as error:
            _fail(claim, error)
        except Exception:
            # A bug: it reaches the error tracker, and the stage is tried again in case it was the data's moment.
            _postpone(claim, TransientError("An internal error; operators were told."), code="internal_error")
            raise
        else:
            _settle(claim, outcome)


def delay_after(attempt: int) -> timedelta:
    """Return how long to wait after the given attempt: full jitter over a capped exponential."""
    ceiling = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempt)
    return timedelta(seconds=SystemRandom().uniform(FIRST_DELAY_SECONDS / 2, ceiling))


@transaction.atomic
def _settle(claim: Claim, outcome: Outcome) -> None:
    """Save the result and open what follows, if the claim still holds; a lost claim saves nothing."""
    recording = flow.recording_lock(claim.stage.run.recording_id)
    if recording is None or not claims.claim_settle(
        claim=claim, status=Stage.Status.DONE, result=outcome.result, error_code="", error_detail=""
    ):
        log.warning("claim_lost_before_settling")
        return
    stage = claim.stage
    stage.run.recording = recording
    stage.status, stage.result = Stage.Status.DONE, outcome.result
    outcome.save(recording)
    flow.run_advance(run=stage.run, stage=stage)


@transaction.atomic
def _fail(claim: Claim, error: AppError) -> None:
    recording = flow.recording_lock(claim.stage.run.recording_id)
    if recording is None or not claims.claim_settle(
        claim=claim, status=Stage.Status.FAILED, error_code=error.code, error_detail=error.detail[:500]
    ):
        return
    log.warning("stage_failed", code=error.code)
    stage = claim.stage
    stage.run.recording = recording
    stage.status, stage.error_code, stage.error_detail = Stage.Status.FAILED, error.code, error.detail[:500]
    flow.run_advance(run=stage.run, stage=stage)


def _postpone(claim: Claim, error: TransientError, *, code: str | None = None) -> None:
    """Try again later; a failure that keeps coming back ends the stage with its code."""
    counts = error.counts
    if counts and claim.stage.attempts >= settings.STAGE_MAX_ATTEMPTS:
        _fail(claim, error)
        return
    delay = timedelta(seconds=error.retry_after) if error.retry_after else delay_after(claim.stage.attempts)
    log.info("stage_postponed", code=code or error.code, seconds=delay.total_seconds())
    claims.claim_postpone(claim=claim, delay=delay, code=code or error.code, detail=error.detail, counts=counts)
