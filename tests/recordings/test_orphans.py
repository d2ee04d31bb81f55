"""Files without a recording go when they are old; nothing else does."""

from datetime import timedelta

import pytest

from apps.core import storage
from apps.core.clock import database_now
from apps.core.ids import uuid7
from apps.recordings.models import object_prefix
from apps.recordings.orphans import LEFT_AFTER, orphans_remove
from tests.factories import RecordingFactory


@pytest.fixture
def tomorrow(workspace):
    """The moment from which on everything that a test has stored counts as old."""
    yield database_now() + LEFT_AFTER + timedelta(minutes=1)
    storage.delete_prefix(f"{workspace.pk}/")


def store(prefix, *names):
    for name in names:
        storage.open_writer(prefix + name).close()
    return prefix


def keys(prefix):
    page = storage.client().list_objects_v2(Bucket=storage.bucket(), Prefix=prefix)
    return [entry["Key"].removeprefix(prefix) for entry in page.get("Contents", [])]


def test_an_old_file_without_a_recording_goes_with_all_that_lies_beside_it(workspace, tomorrow):
    store(object_prefix(workspace.pk, uuid7()), "original", "prepared/1/playback.flac")

    assert orphans_remove(now=tomorrow) == 1
    assert keys(f"{workspace.pk}/") == []


def test_a_file_whose_recording_is_there_stays(workspace, tomorrow):
    recording = RecordingFactory(workspace=workspace)
    store(recording.prefix, "original")

    assert orphans_remove(now=tomorrow) == 0
    assert keys(recording.prefix) == ["original"]


def test_a_young_file_stays(workspace, tomorrow):
    prefix = store(object_prefix(workspace.pk, uuid7()), "original")
    old_at = storage.last_written_at(prefix) + LEFT_AFTER

    assert orphans_remove(now=database_now()) == 0
    assert orphans_remove(now=old_at) == 0
    assert keys(prefix) == ["original"]
    assert orphans_remove(now=old_at + timedelta(microseconds=1)) == 1


def test_an_old_file_beside_a_young_one_stays(workspace, tomorrow):
    prefix = store(object_prefix(workspace.pk, uuid7()), "original")
    written_at = storage.last_written_at(prefix)
    while storage.last_written_at(prefix) == written_at:
        store(prefix, "prepared/1/playback.flac")

    assert orphans_remove(now=written_at + LEFT_AFTER + timedelta(microseconds=1)) == 0
    assert len(keys(prefix)) == 2


def test_keys_that_are_not_ours_are_never_touched(workspace, tomorrow):
    foreign, own = object_prefix(uuid7(), uuid7()), f"{workspace.pk}/"
    theirs = [foreign, f"{own}notes/", f"{own}{str(uuid7()).upper()}/", f"{own}{uuid7().hex}/"]
    for prefix in theirs:
        store(prefix, "original")
    store(own, "original")

    assert orphans_remove(now=tomorrow) == 0
    assert [keys(prefix) for prefix in theirs] == [["original"]] * len(theirs)
    storage.delete_prefix(foreign)


def test_one_pass_is_bounded_and_the_next_goes_on(workspace, tomorrow):
    for _ in range(5):
        store(object_prefix(workspace.pk, uuid7()), "original")

    assert [orphans_remove(now=tomorrow, removed_max=3) for _ in range(3)] == [3, 2, 0]


def test_a_pass_asks_the_database_once_for_a_page_of_folders(workspace, tomorrow, django_assert_num_queries):
    for _ in range(4):
        store(RecordingFactory(workspace=workspace).prefix, "original")

    with django_assert_num_queries(2):
        orphans_remove(now=tomorrow)
