"""Decisions about reports: what is saved has been checked against the transcript first."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from apps.analysis.evidence import Quotable
from apps.analysis.markdown import inert
from apps.analysis.models import DETAIL_LENGTH_MAX, TITLE_LENGTH_MAX, Report
from apps.analysis.scenarios import Scenario
from apps.analysis.types import Evidence, State
from apps.core.ids import uuid7
from apps.providers.types import Claim, Draft
from apps.recordings.models import Recording
from apps.transcripts.models import Transcript
from apps.transcripts.selectors import utterances_of
from apps.transcripts.text import block_clean, line_clean

BEST_FIRST = (State.VERIFIED, State.APPROXIMATE, State.UNSUPPORTED)


def report_save(
    *,
    recording: Recording,
    transcript: Transcript,
    report_type: str,
    scenario: Scenario,
    draft: Draft,
    provenance: Sequence[Mapping[str, str]],
) -> Report:
    """Check every quote of a draft over the whole transcript, and save it as the transcript's report of this type.

    Whoever calls it has locked the recording.
    """
    quotable = Quotable([(str(one.pk), one.draft()) for one in utterances_of(transcript)])
    content = {
        "title": line_clean(draft.title)[:TITLE_LENGTH_MAX] or scenario.report_type(report_type).title,
        "status": Report.Status.READY,
        "findings": [_finding(claim, quotable) for claim in draft.claims],
        "totals": _storable(draft.totals),
        "body_md": inert(block_clean(draft.text)),
        "provenance": list(provenance),
        "error_code": "",
        "error_detail": "",
    }
    report = Report.objects.filter(transcript=transcript, type=report_type).first()
    report = report or Report(transcript=transcript, type=report_type)
    for name, value in (_origin(recording, transcript, scenario) | content).items():
        setattr(report, name, value)
    report.save()
    return report


@transaction.atomic
def report_fail(
    *, recording: Recording, transcript: Transcript, report_type: str, scenario: Scenario, code: str, detail: str
) -> Report:
    """Keep that a report could not be written. One that was written earlier over the same words stays as it is."""
    failure = {
        "title": scenario.report_type(report_type).title,
        "status": Report.Status.FAILED,
        "error_code": code,
        "error_detail": detail[:DETAIL_LENGTH_MAX],
    }
    failed = _origin(recording, transcript, scenario) | failure | {"analysed_ms": 0}
    report, is_new = Report.objects.get_or_create(transcript=transcript, type=report_type, defaults=failed)
    if not is_new and report.status == Report.Status.FAILED:
        report.error_code, report.error_detail = failure["error_code"], failure["error_detail"]
        report.save(update_fields=["error_code", "error_detail"])
    return report


def reports_outdate(*, recording: Recording, transcript: Transcript, types: Sequence[str]) -> int:
    """Mark the reports over other versions than this one, or of other types, as stale, and return how many."""
    ready = Report.objects.filter(recording=recording, status=Report.Status.READY)
    return ready.exclude(transcript=transcript, type__in=types).update(status=Report.Status.STALE)


def _origin(recording: Recording, transcript: Transcript, scenario: Scenario) -> dict[str, Any]:
    return {
        "recording": recording,
        "language_code": transcript.language_code,
        "scenario_key": scenario.key,
        "scenario_version": scenario.version,
        "speech_ms": transcript.speech_ms,
        "analysed_ms": transcript.covered_ms,
    }


def _finding(claim: Claim, quotable: Quotable) -> dict[str, Any]:
    evidence = [
        quotable.locate(line_clean(quote.text), speaker=quote.speaker, line=quote.line) for quote in claim.quotes
    ]
    return {
        "id": str(uuid7()),
        "title": line_clean(claim.title),
        "text": block_clean(claim.text),
        "category": line_clean(claim.category),
        "state": _best(evidence).value,
        "evidence": [one.as_json() for one in evidence],
    }


def _best(evidence: Sequence[Evidence]) -> State:
    """A claim is as good as its best evidence, and without any it is unsupported."""
    states = {one.state for one in evidence}
    return next((state for state in BEST_FIRST if state in states), State.UNSUPPORTED)


def _storable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON that PostgreSQL takes: clean text, and nothing for numbers that are none."""
    if isinstance(value, str):
        return block_clean(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {block_clean(str(name)): _storable(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    return value
