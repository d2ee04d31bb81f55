"""What comes next: opens stages, joins them, and says what a run has come to.

Every function here runs inside a transaction that holds the recording's row, so the last of many parallel chunks opens
the next stage exactly once. Each decides and returns a `Turn`; `turn_take` then opens its stages and shows it on the
recording.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from apps.analysis import services as analysis
from apps.analysis.scenarios import scenario_get
from apps.pipeline.models import DETAIL_LENGTH_MAX, Kind, Run, Stage
from apps.pipeline.selectors import transcript_of
from apps.pipeline.services.claims import Claim, stages_open
from apps.pipeline.services.hints import stages_hint
from apps.pipeline.services.statements import StageOutline, chunks_left, run_close, stages_outline
from apps.recordings import services as recordings
from apps.recordings.models import Recording
from apps.recordings.services import Mirror
from apps.transcripts.coverage import is_complete
from apps.transcripts.models import Transcript
from apps.transcripts.selectors import transcript_coverage

PREPARED_PERCENT = 10
TRANSCRIBED_PERCENT = 80
ASSEMBLED_PERCENT = 85
REPORTED_PERCENT = 99


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a run stands after a decision: what its recording shows from now on, and the stages to be done next."""

    shows: Mirror
    stages: Sequence[Stage] = ()
    """To be opened."""


def recording_lock(recording_id: UUID) -> Recording | None:
    """Lock the recording for this transaction; None when it was deleted. The first lock after that of its content."""
    rows = Recording.objects.select_for_update(no_key=True, of=("self",)).select_related("workspace")
    return rows.filter(pk=recording_id).first()


def turn_take(*, run: Run, turn: Turn, also: Mirror | None = None, ours: Stage | None = None) -> Claim | None:
    """Open the stages, tell workers of them, and show on the recording where its run stands and what else has changed.

    `ours`: a stage that the caller goes on with, instead of telling a worker; returns the claim on it.
    """
    shows = recordings.mirror_statement(recording_id=run.recording_id, **((also or Mirror()) | turn.shows))
    claim = stages_open(run=run, stages=turn.stages, ours=ours, also=shows)
    stages_hint(one for one in turn.stages if one is not ours)
    return claim


def run_advance(*, run: Run, stage: Stage) -> Turn:
    """Open what follows the stage that was just settled, or finish the run."""
    is_failed = stage.status == Stage.Status.FAILED
    match Kind(stage.kind):
        case Kind.TRANSCRIBE:
            return _after_chunk(run)
        case Kind.ANALYZE:
            return _after_report(run, stage)
        case _ if is_failed:
            return run_finish(run)
        case Kind.PREPARE:
            return chunks_open(run, stage.result["chunks"])
        case Kind.ASSEMBLE:
            return reports_open(run, has_words=stage.result["utterances"] > 0)


def preparation_open(run: Run) -> Turn:
    """Begin with the sound."""
    return Turn(Mirror(status=Recording.Status.QUEUED, stage=Kind.PREPARE), [Stage(run=run, kind=Kind.PREPARE)])


def chunks_open(run: Run, chunks: Sequence[dict[str, Any]]) -> Turn:
    """Transcribe these chunks in parallel; without any speech there is only a transcript to assemble."""
    if not chunks:
        return assembly_open(run)
    stages = [Stage(run=run, kind=Kind.TRANSCRIBE, index=index, input=chunk) for index, chunk in enumerate(chunks)]
    return Turn(_at(Kind.TRANSCRIBE, PREPARED_PERCENT), stages)


def assembly_open(run: Run) -> Turn:
    """Put together what was heard."""
    return Turn(_at(Kind.ASSEMBLE, TRANSCRIBED_PERCENT), [Stage(run=run, kind=Kind.ASSEMBLE)])


def reports_open(run: Run, *, has_words: bool) -> Turn:
    """Write the reports of the scenario, if there are any words to write about."""
    if run.number > 1:  # before that there are no reports
        _reports_outdate(run)
    if not has_words:
        return run_finish(run)
    types = scenario_get(run.recording.scenario).report_types
    stages = [Stage(run=run, kind=Kind.ANALYZE, index=index, name=one.key) for index, one in enumerate(types)]
    return Turn(_at(Kind.ANALYZE, ASSEMBLED_PERCENT), stages)


def run_finish(run: Run, stages: Sequence[StageOutline] | None = None) -> Turn:
    """Close the run and say what came of it. `stages`: where they have been read already."""
    known = stages_outline(run) if stages is None else stages
    transcript = transcript_of(run)
    status, code, detail = verdict(known, transcript)
    run_close(run, Run.Status.FAILED if status == Recording.Status.ERROR else Run.Status.DONE)
    shows = Mirror(
        status=status,
        progress=100,
        error_code=code,
        error_detail=detail[:DETAIL_LENGTH_MAX],
        warnings=warnings_of(run, known),
    )
    if transcript is not None:
        shows |= Mirror(speech_ms=transcript.speech_ms, covered_ms=transcript.covered_ms, gaps=transcript.gaps)
    return Turn(shows)


def run_cancel(run: Run) -> Turn:
    """Close the run and its open stages; workers notice that their claims are gone."""
    run.stages.open().update(status=Stage.Status.CANCELED, finished_at=Now(), lease_until=None)
    run_close(run, Run.Status.CANCELED)
    return Turn(Mirror(status=Recording.Status.CANCELED, error_code="", error_detail=""))


def verdict(stages: Iterable[StageOutline], transcript: Transcript | None) -> tuple[Recording.Status, str, str]:
    """Say how a run ends: its recording's status, and the code and detail of what is wrong, if anything."""
    failed: dict[Kind, StageOutline] = {}
    for stage in stages:
        if stage.status == Stage.Status.FAILED:
            failed.setdefault(Kind(stage.kind), stage)
    for kind in (Kind.PREPARE, Kind.ASSEMBLE):
        if kind in failed:
            return Recording.Status.ERROR, failed[kind].error_code, failed[kind].error_detail
    chunk = failed.get(Kind.TRANSCRIBE)
    if chunk is not None and chunk.error_code == "no_engine_for_language":
        return Recording.Status.NEEDS_ATTENTION, chunk.error_code, chunk.error_detail
    coverage = transcript_coverage(transcript) if transcript else None
    if coverage and not is_complete(
        coverage, min_share=settings.COVERAGE_MIN_SHARE, max_gap_ms=settings.COVERAGE_MAX_GAP_SECONDS * 1000
    ):
        reason = f" ({chunk.error_code})" if chunk else ""
        detail = f"{coverage.covered_ms} of {coverage.speech_ms} ms of speech have text{reason}; see coverage.gaps."
        return Recording.Status.NEEDS_ATTENTION, "coverage_incomplete", detail
    report = failed.get(Kind.ANALYZE)
    if report is not None:
        return Recording.Status.NEEDS_ATTENTION, "report_failed", f"{report.name}: {report.error_detail}"
    return Recording.Status.COMPLETED, "", ""


def warnings_of(run: Run, stages: Iterable[StageOutline]) -> list[str]:
    """Collect what readers should know: each stage that was settled left its warnings in its result."""
    found: set[str] = set()
    for stage in stages:
        found.update(stage.warnings)
    if run.from_stage != Kind.PREPARE:
        found.update(set(run.recording.warnings) - {"local_analysis"})
    return sorted(found)


def _after_chunk(run: Run) -> Turn:
    total, still_open = chunks_left(run)
    if not still_open:
        return assembly_open(run)
    percent = PREPARED_PERCENT + round((1 - still_open / total) * (TRANSCRIBED_PERCENT - PREPARED_PERCENT))
    return Turn(_at(Kind.TRANSCRIBE, percent))


def _after_report(run: Run, stage: Stage) -> Turn:
    if stage.status == Stage.Status.FAILED:
        _report_fail(run, stage)
    stages = stages_outline(run)
    reports = [one for one in stages if one.kind == Kind.ANALYZE]
    settled = sum(one.status not in {Stage.Status.READY, Stage.Status.RUNNING} for one in reports)
    if settled == len(reports):
        return run_finish(run, stages)
    share = settled / len(reports)
    return Turn(_at(Kind.ANALYZE, ASSEMBLED_PERCENT + round(share * (REPORTED_PERCENT - ASSEMBLED_PERCENT))))


def _reports_outdate(run: Run) -> None:
    """Mark reports over other words than the current ones, and of another scenario."""
    transcript = transcript_of(run)
    if transcript is not None:
        types = [one.key for one in scenario_get(run.recording.scenario).report_types]
        analysis.reports_outdate(recording=run.recording, transcript=transcript, types=types)


def _report_fail(run: Run, stage: Stage) -> None:
    """Show a report that could not be written, with its reason, in its place."""
    transcript = transcript_of(run)
    if transcript is not None:
        analysis.report_fail(
            recording=run.recording,
            transcript=transcript,
            report_type=stage.name,
            scenario=scenario_get(run.recording.scenario),
            code=stage.error_code,
            detail=stage.error_detail,
        )


def _at(kind: Kind, percent: int) -> Mirror:
    return Mirror(status=Recording.Status.PROCESSING, stage=kind, progress=percent)
