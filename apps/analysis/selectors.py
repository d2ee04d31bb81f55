"""Questions about reports."""

from apps.analysis.models import Report
from apps.recordings.models import Recording


def reports_of(*, recording: Recording) -> list[Report]:
    """Return the newest report of each type, in the order of their keys: one query."""
    newest = Report.objects.filter(recording=recording).order_by("type", "-transcript__version").distinct("type")
    return list(newest)
