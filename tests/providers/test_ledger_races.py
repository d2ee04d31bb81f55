"""The ledger when several workers meet. Threads, separate connections, real commits."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from apps.core.errors import AppError
from apps.providers import ledger, services
from apps.providers.errors import CallInFlightError, SubjectForgottenError
from apps.providers.models import ProviderCall

pytestmark = pytest.mark.django_db(transaction=True)

Status = ProviderCall.Status
PATIENCE_SECONDS = 20


class Worker(threading.Thread):
    """Does one thing with a database connection of its own and keeps what came of it."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.act = act
        self.outcome: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self.act()
        except AppError as error:
            self.outcome = error
        finally:
            connection.close()

    def result(self) -> Any:
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive()
        return self.outcome


class Held:
    """An answer that the engine holds back until it is released."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def __call__(self, _request: Any) -> dict[str, Any]:
        self.asked.set()
        assert self.released.wait(PATIENCE_SECONDS)
        return {"words": [["held", 0, 1000]]}


@contextmanager
def two_at_the_same_moment() -> Iterator[None]:
    """Let two workers look at the ledger, and hold both where they write until both are there."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD_INSERTS)
        cursor.execute("SELECT pg_advisory_lock(%s)", [HELD])
        try:
            yield
            wait_until(lambda: waiting_backends() == 2)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [HELD])
            cursor.execute("DROP FUNCTION hold_insert CASCADE")


HELD = 4711
HOLD_INSERTS = f"""
    CREATE FUNCTION hold_insert() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared({HELD}); RETURN NEW; END $$;
    CREATE TRIGGER hold BEFORE INSERT ON {ProviderCall._meta.db_table} FOR EACH ROW EXECUTE FUNCTION hold_insert();
"""


def waiting_backends() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND objid = %s", [HELD]
        )
        return cursor.fetchone()[0]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def without_the_guards() -> Iterator[None]:
    """Drop the two unique indexes, and put them back."""
    guards = [item for item in ProviderCall._meta.constraints if hasattr(item, "fields")]
    with connection.schema_editor() as editor:
        for guard in guards:
            editor.remove_constraint(ProviderCall, guard)
    yield
    ProviderCall.objects.all().delete()
    with connection.schema_editor() as editor:
        for guard in guards:
            editor.add_constraint(ProviderCall, guard)


def test_two_equal_questions_at_once_are_asked_once(fake_speech, transcribe):
    held = Held()
    fake_speech.then(held)
    with two_at_the_same_moment():
        workers = [Worker(transcribe) for _ in range(2)]
    wait_until(lambda: sum(worker.is_alive() for worker in workers) == 1)
    held.released.set()

    outcomes = [worker.result() for worker in workers]

    assert len(fake_speech.asked) == 1
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, CallInFlightError)]
    assert refused.retry_after == 2
    assert transcribe().cached


def test_without_the_guards_they_would_be_asked_twice(fake_speech, transcribe, without_the_guards):
    with two_at_the_same_moment():
        workers = [Worker(transcribe) for _ in range(2)]

    assert not any(worker.result().cached for worker in workers)
    assert len(fake_speech.asked) == 2


def test_ten_equal_questions_are_asked_once(fake_speech, transcribe):
    held = Held()
    fake_speech.then(held)
    workers = [Worker(transcribe) for _ in range(10)]
    wait_until(lambda: sum(not worker.is_alive() for worker in workers) == 9)

    held.released.set()

    outcomes = [worker.result() for worker in workers]
    assert sum(isinstance(outcome, CallInFlightError) for outcome in outcomes) == 9
    assert len(fake_speech.asked) == 1


def test_an_answer_about_a_subject_forgotten_meanwhile_is_not_kept(fake_speech, transcribe):
    held, subject_id = Held(), uuid4()
    fake_speech.then(held)
    worker = Worker(lambda: transcribe(subject_id=subject_id))
    assert held.asked.wait(PATIENCE_SECONDS)

    services.calls_forget(subject_id=subject_id)
    held.released.set()

    assert isinstance(worker.result(), SubjectForgottenError)
    call = ProviderCall.objects.get()
    assert (call.status, call.units, call.raw_answer) == (Status.OK, {"audio_ms": 3000}, None)
    assert not transcribe().cached


def test_forgetting_waits_for_an_answer_that_is_being_stored(fake_speech, transcribe):
    """Both orders of the race end without words: here the copy is written first, and forgetting comes second."""
    transcribe()
    subject_id = uuid4()
    with transaction.atomic():
        ledger._subject_lock(subject_id, shared=True)
        forgetting = Worker(lambda: services.calls_forget(subject_id=subject_id))
        forgetting.join(0.3)
        assert forgetting.is_alive()
        known = ProviderCall.objects.get()
        ProviderCall.objects.create(
            workspace_id=known.workspace_id,
            subject_id=subject_id,
            idem_key=known.idem_key,
            attempt=1,
            operation="stt",
            provider="fake",
            model="instant",
            purpose="0",
            status=Status.OK,
            cached=True,
            raw_answer=known.raw_answer,
            finished_at=Now(),
            lease_until=Now(),
        )

    forgetting.result()

    assert ProviderCall.objects.get(subject_id=subject_id).raw_answer is None


def test_a_call_taken_for_abandoned_is_counted_but_not_used(fake_speech, transcribe):
    held = Held()
    fake_speech.then(held)
    zombie = Worker(transcribe)
    assert held.asked.wait(PATIENCE_SECONDS)
    ProviderCall.objects.update(lease_until=Now() - timedelta(seconds=1))

    successor = transcribe()
    held.released.set()

    assert isinstance(zombie.result(), CallInFlightError)
    assert successor.transcription.segments[0].text == "one two three"
    first, second = ProviderCall.objects.order_by("attempt")
    assert (first.status, first.error_code, first.raw_answer) == (Status.OK, "call_late", None)
    assert (second.status, second.error_code) == (Status.OK, "")
    assert transcribe().transcription == successor.transcription


def test_a_long_call_keeps_its_lease(fake_speech, transcribe, monkeypatch):
    monkeypatch.setattr(ledger, "HEARTBEAT_SECONDS", 0.05)
    held = Held()
    fake_speech.then(held)
    worker = Worker(transcribe)
    assert held.asked.wait(PATIENCE_SECONDS)
    ProviderCall.objects.update(lease_until=Now() - timedelta(seconds=1))

    wait_until(lambda: ProviderCall.objects.filter(lease_until__gt=Now()).exists())
    with pytest.raises(CallInFlightError):
        transcribe()

    held.released.set()
    assert not worker.result().cached


def test_an_answer_survives_a_lost_database_connection(fake_speech, transcribe):
    def cut(_request: Any) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        Worker(lambda: kill_backend(pid)).result()
        return {"words": [["held", 0, 1000]]}

    fake_speech.then(cut)
    worker = Worker(transcribe)

    assert worker.result().transcription.segments[0].text == "held"
    assert ProviderCall.objects.get().status == Status.OK


def kill_backend(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
