"""Who holds a stage: claimed by one conditional UPDATE, renewed by a heartbeat, given up in an orderly way.

All times are the database's. The fencing token grows with each claim, so a worker that was paused past its lease
and comes back changes no row. Claims do not wait for the disk: one that a crash of the database forgets is made again.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.db.transaction import TransactionManagementError

from apps.core.renewal import renewed
from apps.pipeline.models import DETAIL_LENGTH_MAX, Run, Stage
from apps.pipeline.services import statements
from apps.pipeline.services.statements import Statement
from apps.transcripts.text import line_clean

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A stage that this worker may work on while nobody else does."""

    stage: Stage
    """With its run, recording and workspace. What no step reads of them is fetched when it is looked at."""
    token: int
    stop: threading.Event
    """Set when the claim is lost (canceled, deleted, or taken over): the work is then for nothing."""


def stage_claim(*, stage_id: UUID) -> Claim | None:
    """Take a due stage; None when it is settled, held by another worker, postponed or gone."""
    try:
        stage = statements.stage_take(stage_id, lease_seconds=settings.STAGE_LEASE_SECONDS)
    except (OperationalError, InterfaceError):
        # The first statement of a task finds out that the database was away since the last one.
        if connection.in_atomic_block:
            raise
        connection.close()
        stage = statements.stage_take(stage_id, lease_seconds=settings.STAGE_LEASE_SECONDS)
    return None if stage is None else Claim(stage, stage.lease_token, threading.Event())


def stages_open(
    *, run: Run, stages: Sequence[Stage], ours: Stage | None = None, also: Statement | None = None
) -> Claim | None:
    """Make stages ready, as just hinted; opening the same ones again changes nothing. `also` is sent with it.

    One of them may be claimed by the worker that opens it; None where there is none or somebody else opened it before.
    """
    opened = statements.stages_open(run, stages, ours=ours, lease_seconds=settings.STAGE_LEASE_SECONDS, also=also)
    if ours is None or ours.pk not in opened:
        return None
    ours.status, ours.attempts, ours.lease_token = Stage.Status.RUNNING, 1, 1
    return Claim(ours, ours.lease_token, threading.Event())


def heartbeat(claim: Claim) -> AbstractContextManager[None]:
    """Renew the lease until the block ends; set the stop event once it is, or must be taken to be, lost."""
    good_until = time.monotonic() + settings.STAGE_LEASE_SECONDS

    def renew() -> bool:
        nonlocal good_until
        asked_at = time.monotonic()
        try:
            held = Stage.objects.filter(pk=claim.stage.pk).held(claim.token)
            is_held = bool(held.update(lease_until=Now() + timedelta(seconds=settings.STAGE_LEASE_SECONDS)))
        except DatabaseError:
            is_held = asked_at < good_until
        else:
            good_until = asked_at + settings.STAGE_LEASE_SECONDS
        if not is_held:
            log.warning("claim_lost", stage_id=str(claim.stage.pk))
            claim.stop.set()
        return is_held

    return renewed(renew, seconds=settings.STAGE_HEARTBEAT_SECONDS)


def claim_settle(
    *,
    claim: Claim,
    status: Stage.Status,
    result: dict[str, Any] | None = None,
    error_code: str = "",
    error_detail: str = "",
) -> bool:
    """End the stage if the claim still holds, and lock its recording for the rest of the transaction.

    False when the claim was lost or the recording deleted: nothing is to be saved then. The stage of the claim shows
    how it ended.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("what a stage came to is saved together with its end")
    stage = claim.stage
    stage.status, stage.error_code, stage.error_detail = status, error_code, _storable(error_detail)
    if result is not None:
        stage.result = result
    return statements.stage_settle(stage, token=claim.token, result=result)


def claim_postpone(*, claim: Claim, delay: timedelta, code: str, detail: str, counts: bool = True) -> bool:
    """Give the stage back, to be tried after `delay`. An attempt that does not count was only waiting."""
    held = Stage.objects.filter(pk=claim.stage.pk).held(claim.token)
    return bool(
        held.update(
            status=Stage.Status.READY,
            attempts=F("attempts") - (0 if counts else 1),
            lease_until=None,
            not_before=Now() + delay,
            hinted_at=None,
            hints=0,
            error_code=code,
            error_detail=_storable(detail),
        )
    )


def claim_release(*, claim: Claim) -> bool:
    """Give the stage back at once and unharmed, as when the worker is told to stop."""
    return claim_postpone(claim=claim, delay=timedelta(0), code="", detail="", counts=False)


def _storable(detail: str) -> str:
    """Details may quote what an engine or a file says: the column takes neither any length nor any character."""
    return line_clean(detail)[:DETAIL_LENGTH_MAX]
