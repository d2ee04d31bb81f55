"""What comes next: opens stages, joins them, and says what a run has come to.

Every function here runs inside a transaction that holds the recording's row (`recording_lock`), so the last of many
parallel chunks opens the next stage exactly once.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from apps.analysis import services as analysis
from apps.analysis.scenarios import scenario_get
from apps.pipeline.models import Kind, Run, Stage
from apps.pipeline.services.hints import stages_hint
from apps.recordings import services as recordings
from apps.recordings.models import Recording
from apps.transcripts.coverage import is_complete
from apps.transcripts.selectors import transcript_coverage, transcript_current

PREPARED_PERCENT = 10
TRANSCRIBED_PERCENT = 80
ASSEMBLED_PERCENT = 85


def recording_lock(recording_id: UUID) -> Recording | None:
    """Lock the recording for this transaction; None when it was deleted. Always the first lock that is taken."""
    rows = Recording.objects.select_for_update(no_key=True, of=("self",)).select_related("workspace")
    return rows.filter(pk=recording_id).first()


def stages_open(*, run: Run, kind: Kind, inputs: Sequence[dict[str, Any]], names: Sequence[str] = ()) -> None:
    """Make stages ready and hint them; opening the same ones again changes nothing."""
    stages = [
        Stage(
            run=run,
            kind=kind,
            index=index,
            name=names[index] if names else "",
            input=data,
            hinted_at=timezone.now(),
            hints=1,
        )
        for index, data in enumerate(inputs)
    ]
    Stage.objects.bulk_create(stages, ignore_conflicts=True)
    stages_hint(stages)
    recordings.recording_mirror(recording_id=run.recording_id, stage=kind, status=Recording.Status.PROCESSING)


def run_advance(*, run: Run, stage: Stage) -> None:
    """Open what follows the stage that was just settled, or finish the run."""
    match Kind(stage.kind):
        case Kind.PREPARE:
            _after_prepare(run, stage)
        case Kind.TRANSCRIBE:
            _after_chunk(run)
        case Kind.ASSEMBLE:
            reports_open(run)
        case Kind.ANALYZE:
            _after_report(run, stage)


def chunks_open(run: Run, chunks: Sequence[dict[str, Any]]) -> None:
    """Transcribe these chunks in parallel; without any speech there is only a transcript to assemble."""
    if chunks:
        stages_open(run=run, kind=Kind.TRANSCRIBE, inputs=chunks)
    else:
        stages_open(run=run, kind=Kind.ASSEMBLE, inputs=[{}])


def reports_open(run: Run) -> None:
    """Write the reports of the scenario, if there are any words to write about."""
    transcript = transcript_current(recording=run.recording)
    if transcript is None or not transcript.text:
        run_finish(run)
        return
    analysis.reports_outdate(recording=run.recording, transcript=transcript)
    types = [one.key for one in scenario_get(run.recording.scenario).report_types]
    stages_open(run=run, kind=Kind.ANALYZE, inputs=[{} for _ in types], names=types)
    _progress(run, ASSEMBLED_PERCENT)


def run_finish(run: Run) -> None:
    """Close the run and show on its recording what came of it."""
    failed = list(run.stages.filter(status=Stage.Status.FAILED).order_by("kind", "index"))
    status, code, detail = verdict(run, failed)
    _run_close(run, Run.Status.FAILED if status == Recording.Status.ERROR else Run.Status.DONE)
    coverage_show(run.recording)
    recordings.recording_mirror(
        recording_id=run.recording_id,
        status=status,
        progress=100,
        error_code=code,
        error_detail=detail[:500],
        warnings=warnings_of(run),
        completed_at=Now() if status == Recording.Status.COMPLETED else None,
    )


def coverage_show(recording: Recording) -> None:
    """Show on the recording how much of its speech the current transcript covers."""
    transcript = transcript_current(recording=recording)
    if transcript is not None:
        recordings.recording_mirror(
            recording_id=recording.pk,
            speech_ms=transcript.speech_ms,
            covered_ms=transcript.covered_ms,
            gaps=transcript.gaps,
        )


def run_cancel(run: Run) -> None:
    """Close the run and its open stages; workers notice that their claims are gone."""
    run.stages.open().update(status=Stage.Status.CANCELED, finished_at=Now(), lease_until=None)
    _run_close(run, Run.Status.CANCELED)
    recordings.recording_mirror(
        recording_id=run.recording_id, status=Recording.Status.CANCELED, error_code="", error_detail=""
    )


def verdict(run: Run, failed: Iterable[Stage]) -> tuple[Recording.Status, str, str]:
    """Say how a run ends: its recording's status, and the code and detail of what is wrong, if anything."""
    by_kind = {Kind(stage.kind): stage for stage in failed}
    for kind in (Kind.PREPARE, Kind.ASSEMBLE):
        if kind in by_kind:
            return Recording.Status.ERROR, by_kind[kind].error_code, by_kind[kind].error_detail
    chunk = by_kind.get(Kind.TRANSCRIBE)
    if chunk is not None and chunk.error_code == "no_engine_for_language":
        return Recording.Status.NEEDS_ATTENTION, chunk.error_code, chunk.error_detail
    transcript = transcript_current(recording=run.recording)
    coverage = transcript_coverage(transcript) if transcript else None
    if coverage and not is_complete(
        coverage, min_share=settings.COVERAGE_MIN_SHARE, max_gap_ms=settings.COVERAGE_MAX_GAP_SECONDS * 1000
    ):
        reason = f" ({chunk.error_code})" if chunk else ""
        detail = f"{coverage.covered_ms} of {coverage.speech_ms} ms of speech have text{reason}; see coverage.gaps."
        return Recording.Status.NEEDS_ATTENTION, "coverage_incomplete", detail
    report = by_kind.get(Kind.ANALYZE)
    if report is not None:
        return Recording.Status.NEEDS_ATTENTION, "report_failed", f"{report.name}: {report.error_detail}"
    return Recording.Status.COMPLETED, "", ""


def warnings_of(run: Run) -> list[str]:
    """Collect what readers should know: each stage that was settled left its warnings in its result."""
    found: set[str] = set()
    for result in run.stages.exclude(kind=Kind.TRANSCRIBE).values_list("result", flat=True):
        found.update(result.get("warnings", []))
    if run.from_stage != Kind.PREPARE:
        found.update(set(run.recording.warnings) - {"local_analysis"})
    return sorted(found)


def _after_prepare(run: Run, stage: Stage) -> None:
    if stage.status == Stage.Status.FAILED:
        run_finish(run)
        return
    _progress(run, PREPARED_PERCENT)
    chunks_open(run, stage.result["chunks"])


def _after_chunk(run: Run) -> None:
    chunks = run.stages.filter(kind=Kind.TRANSCRIBE)
    total, still_open = chunks.count(), chunks.open().count()
    share = (total - still_open) / total
    _progress(run, PREPARED_PERCENT + round(share * (TRANSCRIBED_PERCENT - PREPARED_PERCENT)))
    if not still_open:
        stages_open(run=run, kind=Kind.ASSEMBLE, inputs=[{}])


def _after_report(run: Run, stage: Stage) -> None:
    if stage.status == Stage.Status.FAILED:
        _report_fail(run, stage)
    reports = run.stages.filter(kind=Kind.ANALYZE)
    total, still_open = reports.count(), reports.open().count()
    _progress(run, ASSEMBLED_PERCENT + round((total - still_open) / total * (99 - ASSEMBLED_PERCENT)))
    if not still_open:
        run_finish(run)


def _report_fail(run: Run, stage: Stage) -> None:
    """Show a report that could not be written, with its reason, in its place."""
    transcript = transcript_current(recording=run.recording)
    if transcript is not None:
        analysis.report_fail(
            recording=run.recording,
            transcript=transcript,
            report_type=stage.name,
            scenario=scenario_get(run.recording.scenario),
            code=stage.error_code,
            detail=stage.error_detail,
        )


def _progress(run: Run, percent: int) -> None:
    recordings.recording_mirror(recording_id=run.recording_id, progress=percent)


def _run_close(run: Run, status: Run.Status) -> None:
    Run.objects.filter(pk=run.pk).update(status=status, finished_at=Now())
