"""A stored file belongs to a recording, or goes."""

import io

import pytest
from django.db import OperationalError

from apps.core import storage
from apps.recordings.errors import EmptyFileError, UnsupportedMediaError
from apps.recordings.intake import blocks_store, dropped_unless_noted, format_of, stored_file

KEY = "tests/intake/original"
FLAC = b"fLaC" + bytes(100)


@pytest.fixture
def received():
    yield blocks_store([FLAC[:50], FLAC[50:]], filename="talk.flac", key=KEY)
    storage.delete(KEY)


def is_stored() -> bool:
    try:
        return storage.size(KEY) > 0
    except storage.ObjectMissingError:
        return False


def test_blocks_become_a_stored_file(received):
    stored = stored_file(received, key=KEY)

    assert (stored.container, stored.media_type, stored.size_bytes) == ("flac", "audio/flac", len(FLAC))
    assert b"".join(storage.read_range(KEY)) == FLAC


def test_what_nobody_noted_is_dropped(received):
    with pytest.raises(RuntimeError), dropped_unless_noted(KEY):
        raise RuntimeError

    assert not is_stored()


def test_what_may_have_been_noted_is_kept(received):
    with pytest.raises(OperationalError), dropped_unless_noted(KEY):
        raise OperationalError

    assert is_stored()


def test_what_was_noted_is_kept(received):
    with dropped_unless_noted(KEY):
        pass

    assert is_stored()


def test_a_file_that_is_no_sound_leaves_nothing():
    with pytest.raises(UnsupportedMediaError):
        blocks_store(io.BytesIO(b"<html>"), filename="a.mp3", key=KEY)
    with pytest.raises(EmptyFileError):
        format_of(b"")

    assert not is_stored()
