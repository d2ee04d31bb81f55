"""Write one report over the current transcript."""

from apps.analysis import services as analysis
from apps.analysis.scenarios import scenario_get
from apps.pipeline.selectors import transcript_of
from apps.pipeline.services.claims import Claim
from apps.pipeline.steps.types import Outcome
from apps.providers.services import language_analyze
from apps.providers.types import LanguageOutcome, LanguageRequest, Line
from apps.recordings.models import Recording
from apps.transcripts.errors import TranscriptNotReadyError
from apps.transcripts.models import Transcript
from apps.transcripts.selectors import utterances_of

LOCAL_PROVIDER = "local"


class Analyze:
    def compute(self, claim: Claim) -> Outcome:
        stage = claim.stage
        recording = stage.run.recording
        transcript = transcript_of(stage.run)
        if transcript is None:
            raise TranscriptNotReadyError
        outcome = language_analyze(
            workspace_id=recording.workspace_id,
            subject_id=recording.pk,
            purpose=stage.name,
            request=LanguageRequest(
                task=stage.name, language_code=transcript.language_code, lines=lines_of(transcript)
            ),
            cache_scope=str(stage.run_id) if stage.run.ignore_cache else "",
            stop=claim.stop,
        )

        def save(locked: Recording) -> None:
            analysis.report_save(
                recording=locked,
                transcript=transcript,
                report_type=stage.name,
                scenario=scenario_get(locked.scenario),
                draft=outcome.draft,
                provenance=[provenance_of(outcome)],
            )

        return Outcome({"warnings": warnings_about(outcome), "cached": outcome.cached}, save)


def lines_of(transcript: Transcript) -> tuple[Line, ...]:
    """Return the whole transcript as numbered lines."""
    return tuple(
        Line(utterance.index, utterance.speaker, utterance.start_ms, utterance.end_ms, utterance.text)
        for utterance in utterances_of(transcript)
    )


def provenance_of(outcome: LanguageOutcome) -> dict[str, str]:
    """Say who wrote a report, with which prompt and at what price."""
    return {
        "provider": outcome.provider,
        "model": outcome.model,
        "prompt_version": outcome.prompt_version,
        "cost": str(outcome.cost),
    }


def warnings_about(outcome: LanguageOutcome) -> list[str]:
    """Readers should know when simple algorithms stood in for a language model."""
    return ["local_analysis"] if outcome.provider == LOCAL_PROVIDER else []
