"""The two steps that move audio, with nothing to move; assembling and analysing stay as they are.

What stays is the pipeline itself: hints, claims, settling, joins, the ledger of engine calls, and everything that is
written to the tables.
"""

from pathlib import Path

from apps.pipeline.models import Kind
from apps.pipeline.services.claims import Claim
from apps.pipeline.steps import STEPS
from apps.pipeline.steps.transcribe import chunk_result, save_nothing_else
from apps.pipeline.steps.types import Outcome
from apps.providers.services import speech_transcribe
from apps.providers.types import SpeechRequest
from apps.recordings import services as recordings
from apps.recordings.models import Recording
from apps.recordings.services import Mirror

DURATION_MS = 64_000


class InstantPrepare:
    def compute(self, claim: Claim) -> Outcome:
        del claim
        chunk = {"channel": 0, "start_ms": 0, "end_ms": DURATION_MS, "key": "none", "version": "bench"}

        def save(locked: Recording) -> None:
            recordings.prepared_save(
                recording=locked,
                playback_key="none/none",
                channels=[{"key": "none", "sha256": "0", "speech": [[0, DURATION_MS]]}],
                peaks=[0] * 100,
                measures={},
                duration_ms=DURATION_MS,
            )

        shows = Mirror(duration_ms=DURATION_MS, speech_ms=DURATION_MS)
        return Outcome({"chunks": [chunk], "speech_ms": DURATION_MS, "warnings": []}, save, shows)


class InstantTranscribe:
    def compute(self, claim: Claim) -> Outcome:
        recording = claim.stage.run.recording
        outcome = speech_transcribe(
            workspace_id=recording.workspace_id,
            subject_id=recording.pk,
            content_key=str(recording.pk),
            purpose="0",
            request=SpeechRequest(audio=Path("none"), duration_ms=DURATION_MS, language_code="en"),
        )
        return Outcome(chunk_result(outcome, "en", is_assumed=False), save_nothing_else)


STEPS[Kind.PREPARE] = InstantPrepare()
STEPS[Kind.TRANSCRIBE] = InstantTranscribe()
