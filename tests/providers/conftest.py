import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from apps.providers import services
from apps.providers.types import SpeechOutcome, SpeechRequest
from tests.fakes import engines
from tests.providers.sound import flac_of_clip

CLIPS = Path(__file__).parents[1] / "data" / "audio"


@pytest.fixture(scope="session")
def references() -> dict[str, str]:
    clips = json.loads((CLIPS / "references.json").read_text())
    return {name: clip["reference"] for name, clip in clips.items()}


@pytest.fixture
def clip_request(tmp_path) -> Callable[[str], SpeechRequest]:
    def prepare(name: str) -> SpeechRequest:
        return flac_of_clip(CLIPS / name, tmp_path / "chunk.flac")

    return prepare


@pytest.fixture
def fake_speech(settings) -> engines.FakeSpeech:
    settings.SPEECH_ENGINES = ["tests.fakes.engines.build_speech"]
    engines.SPEECH.reset()
    return engines.SPEECH


@pytest.fixture
def fake_language(settings) -> engines.FakeLanguage:
    settings.LANGUAGE_ENGINES = ["tests.fakes.engines.build_language"]
    engines.LANGUAGE.reset()
    return engines.LANGUAGE


@pytest.fixture
def transcribe(workspace) -> Callable[..., SpeechOutcome]:
    """Ask the gateway about one and the same sound, for a new subject unless told otherwise."""

    def ask(**changes) -> SpeechOutcome:
        request = SpeechRequest(Path("/nowhere/chunk.flac"), duration_ms=3000, language_code="en")
        arguments = {
            "workspace_id": workspace.pk,
            "subject_id": uuid4(),
            "content_key": "sound-1",
            "purpose": "0",
            "request": request,
        }
        return services.speech_transcribe(**(arguments | changes))

    return ask
