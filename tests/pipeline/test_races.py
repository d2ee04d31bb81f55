"""Workers and people at the same moment, with real threads on real connections."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection

from apps.core.ids import uuid7
from apps.core.storage import ObjectMissingError
from apps.pipeline.errors import NothingToCancelError, RunOpenError
from apps.pipeline.models import Kind, Run, Stage
from apps.pipeline.services import claims, runs, statements
from apps.pipeline.services.perform import Performer
from apps.pipeline.steps.transcribe import save_nothing_else
from apps.pipeline.steps.types import Outcome
from apps.recordings.models import Recording
from apps.recordings.types import RecordingDraft, StoredFile

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 20
ROUNDS = 50
HELD = 4712
"""The advisory lock at which a test holds workers."""

CHUNK = {"channel": 0, "start_ms": 0, "end_ms": 1000, "key": "none", "version": "1"}
HEARD = Outcome({"segments": [], "language_code": "en", "language_assumed": False}, save_nothing_else)


class Worker(threading.Thread):
    """Does something in a thread with a connection of its own, and keeps what came of it."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.act = act
        self.outcome: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self.act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.outcome = error
        finally:
            connection.close()

    def result(self) -> Any:
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive()
        return self.outcome


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Let each be done by a worker of its own, all beginning at the same moment."""
    gate = threading.Barrier(len(acts))

    def behind(act: Callable[[], Any]) -> Callable[[], Any]:
        def go() -> Any:
            connection.ensure_connection()
            gate.wait(PATIENCE_SECONDS)
            return act()

        return go

    return [worker.result() for worker in [Worker(behind(act)) for act in acts]]


@pytest.fixture
def accept(actor) -> Callable[[], Recording]:
    """A recording as accepted, without a file: its preparation is claimed here and settled by hand."""

    def make() -> Recording:
        recording_id = uuid7()
        stored = StoredFile("none", 1, recording_id.hex * 2, "wav", "audio/wav")
        draft = RecordingDraft(scenario="general", language_code="en")
        return runs.recording_submit(actor=actor, recording_id=recording_id, stored=stored, draft=draft)

    return make


def performer() -> Performer:
    return Performer(frozenset, 0)


def prepared(chunks: int) -> Outcome:
    return Outcome({"chunks": [CHUNK] * chunks, "speech_ms": 1000, "warnings": []}, save_nothing_else)


@pytest.fixture
def last_two_chunks(accept) -> list[claims.Claim]:
    """Claims on the two last open chunks of a recording."""
    run = accept().runs.get()
    performer().settle(claims.stage_claim(stage_id=run.stages.get().pk), prepared(2))
    return [claims.stage_claim(stage_id=stage.pk) for stage in run.stages.filter(kind=Kind.TRANSCRIBE)]


@contextmanager
def held_before_the_commit(count: int) -> Iterator[None]:
    """Hold whoever has counted the chunks, and shows it on the recording, until so many workers wait somewhere."""
    with connection.cursor() as cursor:
        cursor.execute(f"""
            CREATE FUNCTION hold_update() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock_shared({HELD}); RETURN NEW; END $$;
            CREATE TRIGGER hold BEFORE UPDATE ON recordings_recording FOR EACH ROW EXECUTE FUNCTION hold_update();
            SELECT pg_advisory_lock({HELD})
        """)
        try:
            yield
            deadline = time.monotonic() + PATIENCE_SECONDS
            while waiting_backends() < count:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            cursor.execute(f"SELECT pg_advisory_unlock({HELD})")


@pytest.fixture
def no_trigger_left() -> Iterator[None]:
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS hold_update CASCADE")


def waiting_backends() -> int:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE NOT granted AND datname = current_database()
        """)
        return cursor.fetchone()[0]


def settle_both(last_two: list[claims.Claim]) -> None:
    with held_before_the_commit(2):
        workers = [Worker(partial(performer().settle, claim, HEARD)) for claim in last_two]
    assert [worker.result() for worker in workers] == [None, None]
    assert Stage.objects.filter(kind=Kind.TRANSCRIBE, status=Stage.Status.DONE).count() == 2


def test_the_last_two_chunks_at_the_same_moment_open_the_assembly_once(last_two_chunks, no_trigger_left):
    settle_both(last_two_chunks)

    assembly = Stage.objects.get(kind=Kind.ASSEMBLE)
    assert (assembly.status, assembly.hints) == (Stage.Status.READY, 1)


def test_without_the_lock_nobody_would_open_it(last_two_chunks, no_trigger_left, monkeypatch):
    """The control: each would see the other's chunk still running, and the run would never end."""
    assert "FOR NO KEY UPDATE" in statements.SETTLE
    monkeypatch.setattr(statements, "SETTLE", statements.SETTLE.replace("FOR NO KEY UPDATE", ""))

    settle_both(last_two_chunks)

    assert not Stage.objects.filter(kind=Kind.ASSEMBLE).exists()


def test_two_people_run_a_recording_again_at_once(accept, actor):
    for _ in range(10):
        recording = accept()
        runs.recording_cancel(recording=recording, actor=actor)

        outcomes = at_once(*[partial(runs.recording_rerun, recording=recording, actor=actor)] * 2)

        assert {type(outcome) for outcome in outcomes} == {Run, RunOpenError}
        assert recording.runs.filter(status=Run.Status.OPEN).count() == 1
        assert sorted(recording.runs.values_list("number", flat=True)) == [1, 2]


def test_canceling_while_a_stage_is_settled(accept, actor):
    seen = set()
    for _ in range(ROUNDS):
        recording = accept()
        run = recording.runs.get()
        claim = claims.stage_claim(stage_id=run.stages.get().pk)

        settled, canceled = at_once(
            partial(performer().settle, claim, prepared(2)),
            partial(runs.recording_cancel, recording=recording, actor=actor),
        )

        assert (settled, canceled) == (None, None)
        run.refresh_from_db()
        recording.refresh_from_db()
        assert (run.status, recording.status) == (Run.Status.CANCELED, Recording.Status.CANCELED)
        assert not run.stages.open().exists()
        seen.add(tuple(run.stages.order_by("kind", "index").values_list("kind", "status")))
    # Either nothing of the stage was saved, or all of it, and what it opened was canceled.
    first = (("prepare", "canceled"),)
    second = (("prepare", "done"), ("transcribe", "canceled"), ("transcribe", "canceled"))
    assert seen <= {first, second}


def test_canceling_while_the_last_stage_is_settled(accept, actor):
    for _ in range(ROUNDS):
        recording = accept()
        run = recording.runs.get()
        claim = claims.stage_claim(stage_id=run.stages.get().pk)

        failed, canceled = at_once(
            partial(performer().fail, claim, ObjectMissingError()),
            partial(runs.recording_cancel, recording=recording, actor=actor),
        )

        run.refresh_from_db()
        recording.refresh_from_db()
        ends = (run.status, recording.status)
        assert failed is None
        if canceled is None:
            assert ends == (Run.Status.CANCELED, Recording.Status.CANCELED)
        else:
            assert isinstance(canceled, NothingToCancelError)
            assert ends == (Run.Status.FAILED, Recording.Status.ERROR)


def test_deleting_while_a_stage_is_settled(accept, actor):
    for _ in range(ROUNDS):
        recording = accept()
        claim = claims.stage_claim(stage_id=recording.runs.get().stages.get().pk)

        outcomes = at_once(
            partial(performer().settle, claim, prepared(2)),
            partial(runs.recording_delete, recording=recording, actor=actor),
        )

        assert outcomes == [None, None], "no deadlock, no other error"
    assert not Recording.objects.exists()
    assert not Stage.objects.exists()


def test_two_workers_with_the_same_claim_settle_once(accept):
    """After a crash of the database has taken a claim back, its token may be given a second time."""
    for _ in range(10):
        run = accept().runs.get()
        claim = claims.stage_claim(stage_id=run.stages.get().pk)
        twin = claims.Claim(claim.stage, claim.token, threading.Event())

        at_once(*[partial(performer().settle, one, prepared(1)) for one in (claim, twin)])

        assert run.stages.filter(kind=Kind.TRANSCRIBE).count() == 1
