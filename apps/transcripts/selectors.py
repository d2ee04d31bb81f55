"""Questions about transcripts."""

from apps.recordings.models import PreparedAudio, Recording
from apps.transcripts.errors import TranscriptNotReadyError
from apps.transcripts.models import Transcript, Utterance
from apps.transcripts.types import Coverage, Region


def transcript_current(*, recording: Recording) -> Transcript | None:
    """Return the newest version; None before there is one."""
    return Transcript.objects.filter(recording=recording).newest_first().first()


def transcript_get(*, recording: Recording) -> Transcript:
    """Return the newest version. Raises TranscriptNotReadyError before there is one."""
    transcript = transcript_current(recording=recording)
    if transcript is None:
        raise TranscriptNotReadyError
    return transcript


def transcript_coverage(transcript: Transcript) -> Coverage:
    """Return the coverage as it was measured for this version."""
    gaps = tuple(Region(gap["start"], gap["end"]) for gap in transcript.gaps)
    return Coverage(transcript.speech_ms, transcript.covered_ms, gaps)


def silences_of(*, recording: Recording) -> list[Region]:
    """Return the stretches that somebody declared to be silence; they outlive a new transcription."""
    transcript = transcript_current(recording=recording)
    return transcript.silence_regions() if transcript else []


def utterances_of(transcript: Transcript) -> list[Utterance]:
    """Return the utterances in their order: one query for an instance, as a version never changes."""
    if not hasattr(transcript, "in_order"):
        transcript.in_order = tuple(Utterance.objects.filter(transcript=transcript).order_by("index", "pk"))
    return list(transcript.in_order)


def speech_of(*, recording: Recording) -> list[list[Region]]:
    """Return the speech that was detected on each channel; nothing where the audio was not prepared."""
    prepared = PreparedAudio.objects.filter(recording=recording).first()
    return [] if prepared is None else speech_in(prepared)


def speech_in(prepared: PreparedAudio) -> list[list[Region]]:
    """Return the speech that was detected on each channel of audio that was prepared."""
    return [[Region(start, end) for start, end in channel["speech"]] for channel in prepared.channels]
