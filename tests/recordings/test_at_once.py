"""The same bytes from several sides at the same moment. Threads, separate connections, real commits."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.core.ids import uuid7
from apps.pipeline.services import runs
from apps.recordings.models import Recording, object_prefix
from apps.recordings.types import RecordingDraft, StoredFile

pytestmark = pytest.mark.django_db(transaction=True)

SHA256 = "5" * 64
PATIENCE_SECONDS = 20


@pytest.fixture
def submit(workspace, actor) -> Callable[[], Recording]:
    """Note an upload of always the same bytes."""

    def note() -> Recording:
        recording_id = uuid7()
        key = f"{object_prefix(workspace.pk, recording_id)}original"
        stored = StoredFile(key, 100, SHA256, "wav", "audio/wav")
        draft = RecordingDraft(scenario="general")
        return runs.recording_submit(actor=actor, recording_id=recording_id, stored=stored, draft=draft)

    return note


@pytest.fixture
def elsewhere():
    """Run something in another thread, on a connection of its own; returns a future."""

    def with_own_connection(act):
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        yield lambda act: pool.submit(with_own_connection, act)


def wait_until_it_waits() -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone() == (1,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_of_two_uploads_at_once_one_is_the_first(submit, elsewhere):
    with transaction.atomic():
        first = submit()
        other = elsewhere(submit)
        wait_until_it_waits()

    assert first.duplicate_of is None
    assert other.result(PATIENCE_SECONDS).duplicate_of == first


def test_the_upload_that_ended_first_is_the_first(submit, actor):
    began_first = uuid7()
    ended_first = submit()
    stored = StoredFile("key", 100, SHA256, "wav", "audio/wav")
    draft = RecordingDraft(scenario="general")
    second = runs.recording_submit(actor=actor, recording_id=began_first, stored=stored, draft=draft)

    assert second.pk < ended_first.pk
    assert submit().duplicate_of == ended_first


def test_an_upload_is_no_duplicate_of_what_is_being_deleted(submit, elsewhere, actor):
    first = submit()
    with transaction.atomic():
        runs.recording_delete(recording=first, actor=actor)
        other = elsewhere(submit)
        wait_until_it_waits()

    assert other.result(PATIENCE_SECONDS).duplicate_of is None


def test_an_original_can_be_deleted_while_its_duplicate_arrives(submit, elsewhere, actor):
    first = submit()
    with transaction.atomic():
        duplicate = submit()
        assert duplicate.duplicate_of == first
        deletion = elsewhere(lambda: runs.recording_delete(recording=first, actor=actor))
        wait_until_it_waits()

    deletion.result(PATIENCE_SECONDS)
    duplicate.refresh_from_db()
    assert duplicate.duplicate_of is None


def test_original_and_duplicate_can_be_deleted_at_once(submit, elsewhere, actor):
    first, duplicate = submit(), submit()
    with transaction.atomic():
        runs.recording_delete(recording=duplicate, actor=actor)
        deletion = elsewhere(lambda: runs.recording_delete(recording=first, actor=actor))
        wait_until_it_waits()

    deletion.result(PATIENCE_SECONDS)
    assert not Recording.objects.exists()
