"""Recordings further on in their life, made through the services that the workers use."""

from apps.analysis.scenarios import scenario_get
from apps.analysis.services import report_save
from apps.core import storage
from apps.core.ids import uuid7
from apps.providers.types import Claim, Draft, Quote
from apps.recordings.models import Recording
from apps.recordings.services import prepared_save
from apps.transcripts.services import transcript_save
from apps.transcripts.types import Coverage, Region, UtteranceDraft, UtteranceWord

UTTERANCES = [
    UtteranceDraft(
        speaker="A",
        start_ms=0,
        end_ms=1500,
        text="Good morning.",
        confidence=0.5,
        words=(UtteranceWord("Good", 0, 700, 0.25), UtteranceWord("morning.", 700, 1500, None)),
    ),
    UtteranceDraft(speaker="<B>", start_ms=2000, end_ms=61_000, text="Доброе утро & hello --> there."),
]
SOUND = bytes(range(256)) * 1000


def transcribed(recording_id):
    """Give a recording a transcript."""
    recording = Recording.objects.get(pk=recording_id)
    return transcript_save(
        recording=recording,
        utterances=UTTERANCES,
        language_code="en",
        language_assumed=True,
        engines=[{"provider": "pocketsphinx", "model": "en-us"}],
        coverage=Coverage(speech_ms=60_000, covered_ms=59_000, gaps=(Region(61_000, 62_000),)),
    )


def reported(recording_id):
    """Give a recording a transcript and a report with a finding that was said and one that was not."""
    transcript = transcribed(recording_id)
    return report_save(
        recording=transcript.recording,
        transcript=transcript,
        report_type="summary",
        scenario=scenario_get("general"),
        draft=Draft(
            title="Summary",
            text="They *greet*.",
            claims=(
                Claim("Greeting", "They greet.", "tone", (Quote("Good morning", "A"),)),
                Claim("Invented", "Nobody said it.", "tone", (Quote("buy our wonderful new product today"),)),
            ),
            totals={"words": 8},
        ),
        provenance=[{"provider": "local", "model": "local", "prompt_version": "1", "cost": "0"}],
    )


def prepared(recording_id):
    """Give a recording something to listen to."""
    recording = Recording.objects.get(pk=recording_id)
    key = f"{recording.prefix}prepared/{uuid7()}/playback.flac"
    with storage.open_writer(key) as writer:
        writer.write(SOUND)
    prepared_save(recording=recording, playback_key=key, channels=[], peaks=[], measures={}, duration_ms=1000)
