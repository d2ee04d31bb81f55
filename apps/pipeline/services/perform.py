"""Perform one stage: claim it, compute outside any transaction, then settle, save and open what follows in one."""

import time
from datetime import timedelta
from random import SystemRandom
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction

from apps.core.child import ChildStoppedError
from apps.core.durability import commit_durably
from apps.core.errors import AppError, TransientError
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

AT_ONCE = frozenset({Kind.ASSEMBLE})
"""Done by the worker that opened it instead of being hinted: it takes less than the hint would. Only for what calls no
engine: a worker that was told to stop begins no call."""


def stage_perform(*, stage_id: UUID) -> None:
    """Do the stage's work if it is due, and what follows if that is a moment's work.

    Repeats, stale hints and deleted stages are no-ops.
    """
    following: Stage | None = _perform(stage_id)
    while following is not None:
        following = _perform(following.pk)


def delay_after(attempt: int) -> timedelta:
    """Return how long to wait after the given attempt: full jitter over a capped exponential."""
    ceiling = min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempt)
    return timedelta(seconds=SystemRandom().uniform(FIRST_DELAY_SECONDS / 2, ceiling))


def _perform(stage_id: UUID) -> Stage | None:
    """Perform one stage; returns one that this worker is to go on with."""
    claim = claims.stage_claim(stage_id=stage_id)
    if claim is None:
        return None
    stage = claim.stage
    with structlog.contextvars.bound_contextvars(
        stage_id=str(stage.pk), stage=stage.kind, recording_id=str(stage.run.recording_id)
    ):
        if stage.attempts > settings.STAGE_MAX_ATTEMPTS:
            return _fail(claim, PoisonError())  # earlier attempts ended without a word: their workers died
        return _work(claim)


def _work(claim: Claim) -> Stage | None:
    """Compute, then settle or give up; returns as `_perform`."""
    started_at = time.monotonic()
    try:
        with claims.heartbeat(claim):
            outcome = STEPS[Kind(claim.stage.kind)].compute(claim)
    except ChildStoppedError:
        log.info("stage_abandoned")
        return None
    except SystemExit:
        claims.claim_release(claim=claim)
        raise
    except SoftTimeLimitExceeded:
        return _fail(claim, StageTimeoutError())
    except TransientError as error:
        return _postpone(claim, error)
    except AppError as error:
        return _fail(claim, error)
    except Exception:
        # A bug: it reaches the error tracker, and the stage is tried again in case it was the data's moment.
        _postpone(claim, TransientError("An internal error; operators were told."), code="internal_error")
        raise
    following = _settle(claim, outcome)
    log.info("stage_done", attempt=claim.stage.attempts, duration_ms=round((time.monotonic() - started_at) * 1000))
    return following


@transaction.atomic
def _settle(claim: Claim, outcome: Outcome) -> Stage | None:
    """Save the result and open what follows, if the claim still holds; a lost claim saves nothing."""
    if not claims.claim_settle(claim=claim, status=Stage.Status.DONE, result=outcome.result):
        log.warning("claim_lost_before_settling")
        return None
    outcome.save(claim.stage.run.recording)
    return _advance(claim.stage, outcome.shows)


@transaction.atomic
def _fail(claim: Claim, error: AppError) -> Stage | None:
    if not claims.claim_settle(
        claim=claim, status=Stage.Status.FAILED, error_code=error.code, error_detail=error.detail
    ):
        return None
    log.warning("stage_failed", code=error.code)
    return _advance(claim.stage, Mirror())


def _advance(stage: Stage, shows: Mirror) -> Stage | None:
    """Do what follows from a settled stage: show it and hint what was opened. The end of a run waits for the disk.

    Returns the stage that this worker goes on with once the transaction has committed.
    """
    turn = flow.run_advance(run=stage.run, stage=stage)
    flow.turn_take(run=stage.run, turn=turn, also=shows)
    hints.stages_hint(one for one in turn.opened if one.kind not in AT_ONCE)
    if turn.is_over:
        commit_durably()
    return next((one for one in turn.opened if one.kind in AT_ONCE), None)


def _postpone(claim: Claim, error: TransientError, *, code: str | None = None) -> Stage | None:
    """Try again later; a failure that keeps coming back ends the stage with its code."""
    counts = error.counts
    if counts and claim.stage.attempts >= settings.STAGE_MAX_ATTEMPTS:
        return _fail(claim, error)
    delay = timedelta(seconds=error.retry_after) if error.retry_after else delay_after(claim.stage.attempts)
    log.info("stage_postponed", code=code or error.code, seconds=delay.total_seconds())
    claims.claim_postpone(claim=claim, delay=delay, code=code or error.code, detail=error.detail, counts=counts)
    return None
