"""A stage has one holder at a time, and whoever lost it changes nothing."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.core import queue
from apps.pipeline.models import Stage
from apps.pipeline.services import claims, hints

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(submit) -> Stage:
    return submit("en_cards_16k.wav").runs.get().stages.get()


def expire(stage: Stage) -> None:
    Stage.objects.filter(pk=stage.pk).update(lease_until=Now() - timedelta(seconds=1))


def test_eight_workers_one_claim(stage):
    def take(_number):
        try:
            return claims.stage_claim(stage_id=stage.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = [claim for claim in pool.map(take, range(8)) if claim]

    stage.refresh_from_db()
    assert len(taken) == 1
    assert (stage.status, stage.attempts, stage.lease_token) == (Stage.Status.RUNNING, 1, taken[0].token)


def test_a_postponed_stage_is_not_taken_before_its_time(stage):
    Stage.objects.filter(pk=stage.pk).update(not_before=Now() + timedelta(hours=1))

    assert claims.stage_claim(stage_id=stage.pk) is None


def test_a_dead_workers_stage_is_taken_over_and_the_dead_cannot_settle(stage):
    zombie = claims.stage_claim(stage_id=stage.pk)
    expire(stage)
    heir = claims.stage_claim(stage_id=stage.pk)

    with transaction.atomic():
        assert not claims.claim_settle(claim=zombie, status=Stage.Status.DONE)
        assert claims.claim_settle(claim=heir, status=Stage.Status.DONE)
    assert heir.token == zombie.token + 1


def test_a_heartbeat_keeps_the_lease_and_notices_its_loss(stage, settings):
    settings.STAGE_HEARTBEAT_SECONDS = 0.05
    claim = claims.stage_claim(stage_id=stage.pk)
    with claims.heartbeat(claim):
        expire(stage)
        for _ in range(100):
            stage.refresh_from_db()
            if not Stage.objects.due().filter(pk=stage.pk).exists():
                break
            claim.stop.wait(0.05)
        assert not Stage.objects.due().filter(pk=stage.pk).exists()
        assert not claim.stop.is_set()

        Stage.objects.filter(pk=stage.pk).update(status=Stage.Status.CANCELED)
        assert claim.stop.wait(5)


def test_a_released_stage_costs_no_attempt(stage):
    claim = claims.stage_claim(stage_id=stage.pk)

    assert claims.claim_release(claim=claim)

    again = claims.stage_claim(stage_id=stage.pk)
    assert again.stage.attempts == 1


def test_the_sweep_hints_a_waiting_stage_once_per_interval(stage):
    assert hints.sweep() == 0  # its first hint is fresh

    Stage.objects.update(hinted_at=Now() - timedelta(seconds=31))
    assert hints.sweep() == 1
    assert hints.sweep() == 0

    Stage.objects.update(hinted_at=Now() - timedelta(seconds=31))  # patience has doubled to 60 s
    assert hints.sweep() == 0


def test_the_sweep_hints_what_a_dead_worker_left(stage):
    claims.stage_claim(stage_id=stage.pk)
    Stage.objects.update(hinted_at=Now() - timedelta(seconds=2))
    assert hints.sweep() == 0

    expire(stage)
    assert hints.sweep() == 1  # at once, however fresh its last hint was
    assert hints.sweep() == 0


def test_a_hint_that_could_not_be_sent_is_repeated_by_the_next_sweep(submit, monkeypatch):
    monkeypatch.setattr(queue, "_silent_until", time.monotonic() + 60)  # the broker was found to be away
    stage = submit("en_cards_16k.wav").runs.get().stages.get()
    assert (stage.hinted_at, stage.hints) == (None, 0)
    assert hints.sweep() == 1  # it is away still

    monkeypatch.setattr(queue, "_silent_until", 0.0)
    assert hints.sweep() == 1
    assert hints.sweep() == 0


def test_the_sweep_takes_a_limited_batch(stage):
    stages = [Stage(run=stage.run, kind="transcribe", index=index) for index in range(hints.SWEEP_BATCH + 10)]
    Stage.objects.bulk_create(stages)

    assert hints.sweep() == hints.SWEEP_BATCH
    assert hints.sweep() == 10
