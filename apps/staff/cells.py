"""Pieces of the list of recordings. Everything that a user wrote goes through format_html, which escapes it."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.recordings.models import Recording
from apps.staff import formats
from apps.staff.selectors import RUNNING
from apps.staff.words import METADATA_WORDS, STAGE_WORDS, explanation, warning_words

UNMARKED = {"local_analysis"}
"""Warnings about how something was made: they are on the recording's page, not on every line of the list."""

SHOWN_METADATA = ("number", "date", "employee", "client", "place", "zone", "city")


def title_cell(recording: Recording) -> SafeString:
    """Title, what tells it from others, and its marks."""
    return format_html(
        '<span class="vp-title">{}</span><span class="vp-sub">{}</span>{}',
        recording,
        " · ".join(_facts(recording)),
        _marks(recording),
    )


def status_cell(recording: Recording) -> SafeString:
    """Badge, and a bar with the stage while something is being done; the page's script renews it."""
    return format_html(
        '<span class="vp-status" data-live="{}" data-status="{}">{}</span>',
        recording.pk,
        recording.status,
        status_inner(recording),
    )


def status_inner(recording: Recording) -> SafeString:
    """Return what is inside a status cell: also what the live refresh sends."""
    badge = format_html(
        '<span class="vp-badge" data-tone="{}" title="{}">{}</span>',
        recording.status,
        explanation(recording.error_code).what if recording.error_code else "",
        Recording.Status(recording.status).label,
    )
    if recording.status not in RUNNING:
        return badge
    return format_html(
        '{}<span class="vp-bar" role="progressbar" aria-label="Progress" aria-valuemin="0" aria-valuemax="100"'
        ' aria-valuenow="{}"><span style="width:{}%"></span></span><span class="vp-sub">{}</span>',
        badge,
        recording.progress,
        recording.progress,
        STAGE_WORDS.get(recording.stage, ""),
    )


def created_cell(recording: Recording) -> SafeString:
    """How long ago; the exact time when the pointer rests on it."""
    moment = timezone.localtime(recording.created_at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S %Z}",
        formats.ago(recording.created_at),
    )


def _facts(recording: Recording) -> Iterator[str]:
    if recording.title and recording.filename:
        yield recording.filename
    for key in SHOWN_METADATA:
        value = recording.metadata.get(key)
        if value and isinstance(value, (str, int, float)):
            yield f"{METADATA_WORDS[key]} {value}" if key == "number" else str(value)


def _marks(recording: Recording) -> SafeString:
    marks = [warning_words(code) for code in recording.warnings if code not in UNMARKED]
    if recording.duplicate_of_id is not None:
        marks.insert(0, ("Duplicate", "The same file was uploaded before."))
    return format_html_join("", '<span class="vp-mark" title="{1}">{0}</span>', marks)
