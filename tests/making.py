"""Rows as the rooms above would have made them, for tests of one room."""

from apps.recordings.models import PreparedAudio, Recording
from apps.transcripts import services as transcripts
from apps.transcripts.coverage import measure
from apps.transcripts.selectors import speech_of


def make_recording(workspace, *, speech=(((0, 30_000),),), **fields):
    """A recording whose audio was prepared; `speech` is [(start_ms, end_ms), ...] per channel."""
    values = {"media_type": "audio/wav", "container": "wav", "size_bytes": 1, "sha256": "0" * 64, "object_key": "x"}
    recording = Recording.objects.create(workspace=workspace, **(values | {"scenario": "general"} | fields))
    PreparedAudio.objects.create(
        recording=recording,
        playback_key="x",
        channels=[{"key": "x", "sha256": "0" * 64, "speech": [list(region) for region in one]} for one in speech],
        duration_ms=60_000,
    )
    return recording


def make_transcript(recording, *utterances, language_code="en"):
    """The next version of a transcript, as `assemble` would save it."""
    return transcripts.transcript_save(
        recording=recording,
        utterances=utterances,
        language_code=language_code,
        language_assumed=False,
        engines=[{"provider": "pocketsphinx", "model": "en-us"}],
        coverage=measure(speech_of(recording=recording), utterances),
    )
