"""The page of one recording: everything that was made of it, gathered in a fixed number of queries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from apps.accounts.admin_base import access_of
from apps.accounts.selectors import Role
from apps.analysis.models import Report
from apps.analysis.scenarios import SCENARIOS
from apps.analysis.selectors import reports_of
from apps.analysis.types import State
from apps.pipeline.models import Kind, Stage
from apps.recordings.models import PreparedAudio, Recording
from apps.staff import formats
from apps.staff.cells import created_cell
from apps.staff.forms import DetailsForm, details_initial
from apps.staff.live import change_mark
from apps.staff.markdown import rendered
from apps.staff.numbers import NumberGroup, label, number_groups, shown
from apps.staff.selectors import RUNNING, stage_engines, stages_shown
from apps.staff.transcript import Speaker, lines_of, speakers_of
from apps.staff.words import METADATA_WORDS, STAGE_WORDS, explanation, language_name, warning_words
from apps.transcripts.models import Transcript
from apps.transcripts.selectors import transcript_current, utterances_of

EXPORTS = ("txt", "srt", "vtt", "json")


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report, with its claims told apart by whether anything carries them."""

    report: Report
    body: SafeString
    carried: list[dict[str, Any]]
    unsupported: list[dict[str, Any]]
    numbers: list[NumberGroup]
    makers: str


@dataclass(frozen=True, slots=True)
class StageView:
    """A line of the table of stages."""

    stage: Stage
    label: str
    engine: str
    took: str


def recording_page(request: HttpRequest, recording: Recording, context: Mapping[str, Any]) -> HttpResponse:
    """Show one recording."""
    access = access_of(request)
    may_change = access.may(Role.ANALYST, recording.workspace_id)
    is_running = recording.status in RUNNING
    prepared = PreparedAudio.objects.filter(recording=recording).defer("channels").first()
    run, stages = stages_shown(recording)
    page = {
        **context,
        "title": str(recording),
        "original": recording,
        "recording": recording,
        "status_label": Recording.Status(recording.status).label,
        "stage_label": STAGE_WORDS.get(recording.stage, ""),
        "is_running": is_running,
        "change_mark": change_mark(recording),
        "may_change": may_change,
        "may_act": may_change and not is_running,
        "may_delete": access.may(Role.ADMIN, recording.workspace_id),
        "created": created_cell(recording),
        "warnings": [(code, *warning_words(code)) for code in recording.warnings],
        "problem": explanation(recording.error_code) if recording.error_code else None,
        "prepared": prepared,
        "measured": _pairs(prepared.measures) if prepared else [],
        "player": _player(recording, prepared),
        "details": DetailsForm(initial=details_initial(recording)),
        "metadata": list(_metadata(recording)),
        "reports": [_report_view(report) for report in _in_order(recording, reports_of(recording=recording))],
        "scenario_title": SCENARIOS[recording.scenario].title if recording.scenario in SCENARIOS else "",
        "run": run,
        "stages": _stage_views(recording, stages),
        "restarts": [(kind.value, kind.label) for kind in Kind],
        "exports": EXPORTS,
        **_transcript_context(recording),
    }
    return TemplateResponse(request, "staff/recording.html", page)


def _transcript_context(recording: Recording) -> dict[str, Any]:
    transcript = transcript_current(recording=recording)
    utterances = utterances_of(transcript) if transcript else []
    speakers = speakers_of(utterances)
    return {
        "transcript": transcript,
        "speakers": speakers,
        "lines": lines_of(transcript, utterances, speakers) if transcript else [],
        "chips": list(_chips(recording, transcript, speakers)),
    }


def _chips(
    recording: Recording, transcript: Transcript | None, speakers: list[Speaker]
) -> Iterator[tuple[str, str, str]]:
    """Yield facts as icon, text and explanation."""
    if recording.duration_ms is not None:
        yield "timer", formats.duration(recording.duration_ms), "Length"
    yield "draft", f"{recording.container} · {formats.size(recording.size_bytes)}", "Format and size of the file"
    if recording.scenario in SCENARIOS:
        yield "category", SCENARIOS[recording.scenario].title, "Scenario"
    language = (transcript.language_code if transcript else "") or recording.language_code
    if language:
        yield "translate", language_name(language), "Language"
    if speakers:
        yield "group", f"{len(speakers)} speaker{'s' if len(speakers) > 1 else ''}", "Who was heard"
    if transcript is not None:
        yield "check_circle", f"{formats.percent(transcript.covered_ms, transcript.speech_ms)} % of speech", "Coverage"
        engines = ", ".join(f"{one['provider']} {one['model']}" for one in transcript.engines)
        if engines:
            yield "memory", engines, "Speech engine"


def _player(recording: Recording, prepared: PreparedAudio | None) -> dict[str, Any]:
    """Return what the page's script needs; embedded as JSON, never as code."""
    urls = {name: reverse(f"admin:recordings_recording_{name}", args=[recording.pk]) for name in ("audio", "live_one")}
    return {
        "audio": urls["audio"] if prepared else None,
        "live": urls["live_one"],
        "running": recording.status in RUNNING,
        "changed": change_mark(recording),
        "duration": prepared.duration_ms if prepared else 0,
        "peaks": prepared.peaks if prepared else [],
    }


def _pairs(values: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(label(name), shown(name, value)) for name, value in values.items()]


def _metadata(recording: Recording) -> Iterator[tuple[str, str]]:
    for key, value in recording.metadata.items():
        text = ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
        yield METADATA_WORDS.get(key, key), text


def _in_order(recording: Recording, reports: list[Report]) -> list[Report]:
    """Return the reports as the scenario names them; those of an earlier scenario come last."""
    scenario = SCENARIOS.get(recording.scenario)
    places = {one.key: place for place, one in enumerate(scenario.report_types)} if scenario else {}
    return sorted(reports, key=lambda report: places.get(report.type, len(places)))


def _report_view(report: Report) -> ReportView:
    makers = [f"{one['provider']} {one['model']}" for one in report.provenance]
    return ReportView(
        report=report,
        body=rendered(report.body_md),
        carried=[one for one in report.findings if one["state"] != State.UNSUPPORTED],
        unsupported=[one for one in report.findings if one["state"] == State.UNSUPPORTED],
        numbers=number_groups(report.totals),
        makers=", ".join(dict.fromkeys(makers)),
    )


def _stage_views(recording: Recording, stages: list[Stage]) -> list[StageView]:
    engines = stage_engines(recording.pk) if stages else {}
    return [_stage_view(stage, engines) for stage in stages]


def _stage_view(stage: Stage, engines: Mapping[str, str]) -> StageView:
    kind = Kind(stage.kind)
    purpose = {Kind.TRANSCRIBE: str(stage.index), Kind.ANALYZE: stage.name}.get(kind, "")
    number = {Kind.TRANSCRIBE: f" {stage.index + 1}", Kind.ANALYZE: f": {stage.name}"}.get(kind, "")
    took = stage.finished_at - stage.started_at if stage.finished_at and stage.started_at else None
    return StageView(
        stage=stage,
        label=f"{kind.label}{number}",
        engine=engines.get(purpose, ""),
        took=f"{took.total_seconds():.1f} s" if took else "",
    )
