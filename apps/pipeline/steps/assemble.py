"""Assemble the transcript of a run from what was heard in its chunks, and say what is missing."""

from typing import Any

from django.conf import settings

from apps.pipeline.models import Kind, Stage
from apps.pipeline.services.claims import Claim
from apps.pipeline.steps.language import language_of
from apps.pipeline.steps.types import Outcome
from apps.providers.types import Segment, Word
from apps.recordings.models import PreparedAudio, Recording
from apps.transcripts import services as transcripts
from apps.transcripts.assembly import assemble
from apps.transcripts.coverage import measure
from apps.transcripts.selectors import silences_of, speech_in
from apps.transcripts.types import ChunkText


class Assemble:
    def compute(self, claim: Claim) -> Outcome:
        run = claim.stage.run
        prepared = PreparedAudio.objects.only("channels", "duration_ms").get(recording=run.recording)
        chunks = run.stages.filter(kind=Kind.TRANSCRIBE).only("run", "status", "input", "result")
        stages = list(chunks.order_by("index"))
        speech = speech_in(prepared)
        heard = [stage for stage in stages if stage.status == Stage.Status.DONE]
        utterances = assemble(
            [chunk_text(stage) for stage in heard],
            duration_ms=prepared.duration_ms,
            channels=len(prepared.channels),
            speech_by_channel=speech,
        )
        silences = silences_of(recording=run.recording) if run.number > 1 else []
        coverage = measure(speech, utterances, silences=silences)
        language_code, is_assumed = spoken_language(run.recording, stages)
        engines = sorted({(stage.result["provider"], stage.result["model"]) for stage in heard})
        is_assumed = is_assumed and bool(utterances)
        warnings = ["language_assumed"] if is_assumed else []
        if speakers_uncertain(run.recording, {utterance.speaker for utterance in utterances}):
            warnings.append("speakers_uncertain")

        def save(locked: Recording) -> None:
            run.transcript = transcripts.transcript_save(
                recording=locked,
                utterances=utterances,
                language_code=language_code,
                language_assumed=is_assumed,
                engines=[{"provider": provider, "model": model} for provider, model in engines],
                coverage=coverage,
                silences=silences,
            )

        return Outcome({"utterances": len(utterances), "warnings": warnings}, save)


def speakers_uncertain(recording: Recording, found: set[str]) -> bool:
    """Say whether other speakers were told apart than the uploader had announced."""
    return bool(found) and recording.speakers_expected not in (None, len(found))


def chunk_text(stage: Stage) -> ChunkText:
    """Return a chunk's stage as the transcripts room knows it."""
    chunk, heard = stage.input, stage.result
    return ChunkText(
        channel=chunk["channel"],
        start_ms=chunk["start_ms"],
        end_ms=chunk["end_ms"],
        segments=tuple(_segment(segment) for segment in heard["segments"]),
    )


def spoken_language(recording: Recording, stages: list[Stage]) -> tuple[str, bool]:
    """Return the language of the transcript, and whether it is only assumed."""
    for stage in stages:
        if stage.result.get("language_code"):
            return stage.result["language_code"], stage.result["language_assumed"]
    language_code, is_assumed = language_of(recording)
    return (language_code, is_assumed) if language_code else (settings.ASSUMED_LANGUAGE_CODE, True)


def _segment(segment: dict[str, Any]) -> Segment:
    words = tuple(Word(**word) for word in segment["words"])
    return Segment(**(segment | {"words": words}))
