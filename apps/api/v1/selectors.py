"""What the views read: always of the caller's workspace, so that somebody else's object is not there at all."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Sum

from apps.analysis.errors import ReportNotFoundError
from apps.analysis.models import Report
from apps.api.v1.resources import FREE, Cost
from apps.providers.models import ProviderCall
from apps.recordings.errors import RecordingNotFoundError
from apps.recordings.models import PreparedAudio, Recording


def recording_get(*, workspace_id: UUID, recording_id: UUID, lock: bool = False) -> Recording:
    """Return a recording of the workspace, locked on request. Raises RecordingNotFoundError."""
    rows = Recording.objects.select_for_update(no_key=True) if lock else Recording.objects.all()
    recording = rows.filter(workspace_id=workspace_id, pk=recording_id).first()
    if recording is None:
        raise RecordingNotFoundError
    return recording


def report_get(*, workspace_id: UUID, report_id: UUID) -> Report:
    """Return a report of the workspace. Raises ReportNotFoundError."""
    report = Report.objects.filter(recording__workspace_id=workspace_id, pk=report_id).first()
    if report is None:
        raise ReportNotFoundError
    return report


def costs_of(recording_ids: Iterable[UUID]) -> dict[UUID, Cost]:
    """Return what each recording has cost so far: one query for any number of them."""
    calls = ProviderCall.objects.filter(subject_id__in=list(recording_ids))
    sums = calls.order_by().values("subject_id", "currency").annotate(actual=Sum("cost"))
    costs: dict[UUID, Cost] = {}
    for row in sums.order_by("actual"):  # should there be two currencies, the larger sum is shown
        costs[row["subject_id"]] = Cost(estimated=FREE, actual=str(row["actual"]), currency=row["currency"])
    return costs


def prepared_of(recording: Recording) -> PreparedAudio | None:
    """Return what the preparation made, without its long lists; None before it is done."""
    return PreparedAudio.objects.filter(recording=recording).only("playback_key").first()
