"""Rows for tests of pages that show what several rooms made: as much of each as the page needs, the rest plausible."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from apps.accounts.models import Membership, User, Workspace
from apps.analysis.models import Report
from apps.pipeline.models import Kind, Run, Stage
from apps.recordings.models import PreparedAudio, Recording
from apps.transcripts.models import Transcript, Utterance

PASSWORD = "correct horse battery"


class WorkspaceFactory(DjangoModelFactory):
    class Meta:
        model = Workspace

    name = factory.Sequence(lambda number: f"workspace-{number}")
    title = factory.LazyAttribute(lambda made: made.name.title())


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    is_staff = True
    password = factory.django.Password(PASSWORD)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    workspace = factory.SubFactory(WorkspaceFactory)
    role = Membership.Role.VIEWER


class RecordingFactory(DjangoModelFactory):
    class Meta:
        model = Recording

    workspace = factory.SubFactory(WorkspaceFactory)
    title = factory.Sequence(lambda number: f"Interview {number}")
    filename = factory.Sequence(lambda number: f"interview-{number}.wav")
    media_type = "audio/wav"
    container = "wav"
    size_bytes = 96_044
    sha256 = factory.Sequence(lambda number: f"{number:064x}")
    object_key = factory.LazyAttribute(lambda made: f"{made.workspace.pk}/x/original")
    scenario = "interview"
    status = Recording.Status.COMPLETED
    duration_ms = 60_000
    progress = 100


class PreparedAudioFactory(DjangoModelFactory):
    class Meta:
        model = PreparedAudio

    recording = factory.SubFactory(RecordingFactory)
    playback_key = "x/playback.flac"
    channels = factory.LazyFunction(lambda: [{"key": "x", "sha256": "0" * 64, "speech": [[0, 60_000]]}])
    peaks = factory.LazyFunction(lambda: [10, 40, 100, 40, 10])
    measures = factory.LazyFunction(lambda: {"speech_dbfs": -23.4, "codec": "pcm_s16le"})
    duration_ms = 60_000


class TranscriptFactory(DjangoModelFactory):
    class Meta:
        model = Transcript

    recording = factory.SubFactory(RecordingFactory)
    version = 1
    language_code = "en"
    engines = factory.LazyFunction(lambda: [{"provider": "pocketsphinx", "model": "en-us"}])
    text = "some words"
    speech_ms = 60_000
    covered_ms = 60_000


class UtteranceFactory(DjangoModelFactory):
    class Meta:
        model = Utterance

    transcript = factory.SubFactory(TranscriptFactory)
    index = factory.Sequence(int)
    speaker = "A"
    start_ms = factory.LazyAttribute(lambda made: made.index * 2000)
    end_ms = factory.LazyAttribute(lambda made: made.start_ms + 1800)
    text = "what is said here"


class ReportFactory(DjangoModelFactory):
    class Meta:
        model = Report

    transcript = factory.SubFactory(TranscriptFactory)
    recording = factory.SelfAttribute("transcript.recording")
    type = "summary"
    title = "Summary"
    scenario_key = "interview"
    scenario_version = 1
    speech_ms = 60_000
    analysed_ms = 60_000
    language_code = "en"


class RunFactory(DjangoModelFactory):
    class Meta:
        model = Run

    recording = factory.SubFactory(RecordingFactory)
    number = 1
    status = Run.Status.DONE


class StageFactory(DjangoModelFactory):
    class Meta:
        model = Stage

    run = factory.SubFactory(RunFactory)
    kind = Kind.TRANSCRIBE
    index = factory.Sequence(int)
    status = Stage.Status.DONE
    attempts = 1
    started_at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    finished_at = datetime(2026, 1, 1, 12, 0, 2, tzinfo=UTC)


def evidence(quote: str, **fields: object) -> dict[str, object]:
    """A quote as a report keeps it, found at the first second."""
    found = {
        "quote": quote,
        "state": "verified",
        "reason": None,
        "similarity": 1.0,
        "utterance_ids": ["u1"],
        "speaker": "A",
        "start": 1000,
        "end": 2500,
        "char_start": 0,
        "char_end": len(quote),
    }
    return found | fields


def finding(title: str, *quotes: dict[str, object], state: str = "verified", text: str = "") -> dict[str, object]:
    """A claim as a report keeps it."""
    return {"id": title, "title": title, "text": text, "category": "", "state": state, "evidence": list(quotes)}
