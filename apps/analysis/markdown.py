"""A report as Markdown. What was said in a recording is data: it makes no headings, links or HTML."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.analysis.models import Report
from apps.analysis.types import Reason, State
from apps.analysis.wording import ENGLISH, WORDINGS, Wording
from apps.providers.types import language_primary

LOCAL_PROVIDER = "local"
NOTHING = "-"
MINUTE_MS = 60_000

_SPECIAL = re.compile(r"[\\`*_\[\]|~]")
_BLOCK_MARK = re.compile(r"^(?:[-+=#]|(?P<number>\d+)(?=[.)]))")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LIVE = re.compile(r"\\[\\\[\]<]|[<\[\]]")
_INERT = {"<": "&lt;", "\\<": "&lt;", "[": "\\[", "]": "\\]"}


def report_markdown(report: Report) -> str:
    """Return the whole report: what it says, the words that carry it, and apart what nothing carries."""
    wording = WORDINGS.get(language_primary(report.language_code), ENGLISH)
    carried = [one for one in report.findings if one["state"] != State.UNSUPPORTED]
    unsupported = [one for one in report.findings if one["state"] == State.UNSUPPORTED]
    blocks = [
        f"# {escaped(report.title)}",
        _origin(report, wording),
        _condition(report, wording),
        report.body_md,
        *_section(wording.findings, "", carried, wording),
        *_section(wording.unsupported, wording.unsupported_note, unsupported, wording),
        *_numbers(report.totals, wording),
        f"## {wording.coverage}",
        _coverage(report, wording),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    line = _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))
    line = _BLOCK_MARK.sub(lambda mark: f"{mark['number']}\\" if mark["number"] else f"\\{mark.group()}", line)
    return line.translate(_ENTITIES)


def inert(markdown: str) -> str:
    """Return Markdown that somebody else wrote, without the means to link, to load or to run anything."""
    return _LIVE.sub(lambda live: _INERT.get(live.group(), live.group()), markdown)


def clock(time_ms: int) -> str:
    """Return mm:ss, with hours before them where there are any."""
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def _origin(report: Report, wording: Wording) -> str:
    makers = [
        wording.local_analyst if one["provider"] == LOCAL_PROVIDER else f"{one['provider']} {one['model']}"
        for one in report.provenance
    ]
    counts = report.counts
    states = ", ".join(f"{wording.states[state]}: {counts[state]}" for state in State)
    lines = [f"*{wording.made_by} {escaped(', '.join(dict.fromkeys(makers)))}.*"] if makers else []
    if report.findings:
        lines.append(f"{wording.evidence}: {states}.")
    return "\n\n".join(lines)


def _condition(report: Report, wording: Wording) -> str:
    if report.status == Report.Status.FAILED:
        return escaped(wording.failed.format(detail=report.error_detail, code=report.error_code))
    return wording.stale if report.status == Report.Status.STALE else ""


def _section(title: str, note: str, claims: Sequence[Mapping[str, Any]], wording: Wording) -> Iterator[str]:
    if claims:
        yield f"## {title}"
        yield note
        yield "\n".join(line for claim in claims for line in _claim(claim, wording))


def _claim(claim: Mapping[str, Any], wording: Wording) -> Iterator[str]:
    quotes = [evidence["quote"] for evidence in claim["evidence"]]
    text = "" if quotes == [claim["text"]] else f" {escaped(claim['text'])}"
    yield f"- **{escaped(claim['title'])}.**{text}"
    for evidence in claim["evidence"]:
        yield f"  - {_evidence(evidence, wording)}"
    if not claim["evidence"]:
        yield f"  - {wording.no_evidence}"


def _evidence(evidence: Mapping[str, Any], wording: Wording) -> str:
    parts = [f"\u201c{escaped(evidence['quote'])}\u201d"]
    if evidence["speaker"] is not None:
        parts.append(f"{escaped(evidence['speaker'])} [{clock(evidence['start'])}]")
    if evidence["reason"] is not None:
        parts.append(wording.reasons[Reason(evidence["reason"])])
    return " \u2014 ".join(parts)


def _coverage(report: Report, wording: Wording) -> str:
    if not report.speech_ms:
        return wording.no_speech
    share = report.analysed_ms * 100 // report.speech_ms  # rounded down: 100 % is all of it
    return wording.covered.format(
        share=f"{share} %", analysed=clock(report.analysed_ms), speech=clock(report.speech_ms)
    )


def _numbers(totals: Mapping[str, Any], wording: Wording) -> Iterator[str]:
    """Yield single numbers in one table, and a table of its own for each list or group."""
    if totals:
        yield f"## {wording.numbers}"
    single = {name: value for name, value in totals.items() if not isinstance(value, (Mapping, list))}
    if single:
        yield _pairs(single, wording)
    for name, value in totals.items():
        if name in single or not value:
            continue
        yield f"### {_label(name, wording)}"
        if isinstance(value, Mapping):
            yield _pairs(value, wording)
        elif all(isinstance(row, Mapping) for row in value):
            yield _rows(value, wording)
        else:
            yield "\n".join(f"- {_shown(name, item, wording)}" for item in value)


def _pairs(values: Mapping[str, Any], wording: Wording) -> str:
    rows = [[_label(name, wording), _shown(name, value, wording)] for name, value in values.items()]
    return _table([wording.name, wording.value], rows)


def _rows(items: Sequence[Mapping[str, Any]], wording: Wording) -> str:
    names = list(dict.fromkeys(name for item in items for name in item))
    rows = [[_shown(name, item.get(name), wording) for name in names] for item in items]
    return _table([_label(name, wording) for name in names], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _label(name: str, wording: Wording) -> str:
    plain = name.removesuffix("_ms").replace("_", " ")
    return escaped(wording.labels.get(name, plain[:1].upper() + plain[1:]))


def _shown(name: str, value: object, wording: Wording) -> str:
    """Return a number as its name says what it is: a time, a share, or itself."""
    if value is None:
        return NOTHING
    if isinstance(value, (int, float)) and name.endswith("_ms"):
        return clock(int(value)) if value >= MINUTE_MS else wording.seconds.format(seconds=round(value / 1000, 1))
    if isinstance(value, float) and name == "share":
        return f"{value:.0%}"
    return escaped(str(round(value, 2) if isinstance(value, float) else value))
