"""Recordings as an upload leaves them, and engines that answer at once."""

import hashlib
import io
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from apps.core import storage
from apps.core.ids import uuid7
from apps.pipeline.services import runs
from apps.recordings.media.formats import sniff
from apps.recordings.models import Recording, object_prefix
from apps.recordings.types import RecordingDraft, StoredFile

AUDIO = Path(__file__).parent.parent / "data" / "audio"

Submit = Callable[..., Recording]


@pytest.fixture
def submit(workspace, actor) -> Submit:
    """Upload a clip (by name) or bytes, with the draft's fields as keywords."""

    def upload(content: str | bytes, **fields) -> Recording:
        data = (AUDIO / content).read_bytes() if isinstance(content, str) else content
        recording_id = uuid7()
        key = f"{object_prefix(workspace.pk, recording_id)}original"
        with storage.open_writer(key) as writer:
            writer.write(data)
        found = sniff(data[:65536])
        assert found is not None
        stored = StoredFile(key, len(data), hashlib.sha256(data).hexdigest(), found.name, found.media_type)
        draft = RecordingDraft(**({"scenario": "general"} | fields))
        return runs.recording_submit(actor=actor, recording_id=recording_id, stored=stored, draft=draft)

    return upload


@pytest.fixture
def silence() -> bytes:
    """Two seconds of digital silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(16_000)
        audio.writeframes(bytes(2 * 2 * 16_000))
    return file.getvalue()


@pytest.fixture
def call() -> bytes:
    """Two people in turn, each on a channel of their own."""
    left, right = (samples(name) for name in ("en_cards_16k.wav", "en_arctic_16k.wav"))
    sides = np.zeros((len(left) + len(right), 2), np.int16)
    sides[: len(left), 0] = left
    sides[len(left) :, 1] = right
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(2)
        audio.setsampwidth(2)
        audio.setframerate(16_000)
        audio.writeframes(sides.tobytes())
    return file.getvalue()


def samples(name: str) -> np.ndarray:
    with wave.open(str(AUDIO / name)) as audio:
        return np.frombuffer(audio.readframes(audio.getnframes()), np.int16)
