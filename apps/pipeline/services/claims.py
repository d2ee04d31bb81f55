"""Who holds a stage: claimed by one conditional UPDATE, renewed by a heartbeat, given up in an orderly way.

All times are the database's. The fencing token grows with each claim, so a worker that was paused past its lease
and comes back changes no row.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.pipeline.models import Stage

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A stage that this worker may work on while nobody else does."""

    stage: Stage
    token: int
    stop: threading.Event
    """Set when the claim is lost (canceled, deleted, or taken over): the work is then for nothing."""


def stage_claim(*, stage_id: UUID) -> Claim | None:
    """Take a due stage; None when it is settled, held by another worker, postponed or gone."""
    with transaction.atomic():
        taken = (
            Stage.objects.due()
            .filter(pk=stage_id)
            .update(
                status=Stage.Status.RUNNING,
                lease_token=F("lease_token") + 1,
                attempts=F("attempts") + 1,
                lease_until=Now() + _lease(),
                started_at=Now(),
            )
        )
        if not taken:
            return None
        stage = Stage.objects.select_related("run__recording__workspace").get(pk=stage_id)
    return Claim(stage, stage.lease_token, threading.Event())


@contextmanager
def heartbeat(claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread with a connection of its own until the block ends."""
    ended = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(claim, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def claim_settle(*, claim: Claim, status: Stage.Status, **changes: object) -> bool:
    """End the stage if the claim still holds; False when it was lost. To be called inside a transaction."""
    held = Stage.objects.filter(pk=claim.stage.pk).held(claim.token)
    return bool(held.update(status=status, finished_at=Now(), lease_until=None, **changes))


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
            error_detail=detail[:500],
        )
    )


def claim_release(*, claim: Claim) -> bool:
    """Give the stage back at once and unharmed, as when the worker is told to stop."""
    return claim_postpone(claim=claim, delay=timedelta(0), code="", detail="", counts=False)


def _lease() -> timedelta:
    return timedelta(seconds=settings.STAGE_LEASE_SECONDS)


def _renew_until(claim: Claim, ended: threading.Event) -> None:
    """Renew every heartbeat; set the stop event once the lease is, or must be taken to be, lost."""
    good_until = time.monotonic() + settings.STAGE_LEASE_SECONDS
    try:
        while not ended.wait(settings.STAGE_HEARTBEAT_SECONDS):
            asked_at = time.monotonic()
            try:
                is_held = Stage.objects.filter(pk=claim.stage.pk).held(claim.token).update(lease_until=Now() + _lease())
            except DatabaseError:
                connection.close()
                is_held = time.monotonic() < good_until
            else:
                good_until = asked_at + settings.STAGE_LEASE_SECONDS
            if not is_held:
                log.warning("claim_lost", stage_id=str(claim.stage.pk))
                claim.stop.set()
                return
    finally:
        connection.close()
