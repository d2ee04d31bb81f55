"""Addresses below /api/v1/."""

from django.urls import path

from apps.api.v1.audio import RecordingAudio
from apps.api.v1.events import RecordingEvents
from apps.api.v1.recordings import RecordingCancel, RecordingDetail, RecordingList, RecordingRuns
from apps.api.v1.reports import RecordingReports, ReportDetail
from apps.api.v1.scenarios import ScenarioList
from apps.api.v1.transcripts import RecordingTranscript

urlpatterns = [
    path("recordings", RecordingList.as_view(), name="recordings"),
    path("recordings/<uuid:recording_id>", RecordingDetail.as_view(), name="recording"),
    path("recordings/<uuid:recording_id>/runs", RecordingRuns.as_view(), name="recording-runs"),
    path("recordings/<uuid:recording_id>/cancel", RecordingCancel.as_view(), name="recording-cancel"),
    path("recordings/<uuid:recording_id>/transcript", RecordingTranscript.as_view(), name="recording-transcript"),
    path("recordings/<uuid:recording_id>/reports", RecordingReports.as_view(), name="recording-reports"),
    path("recordings/<uuid:recording_id>/audio", RecordingAudio.as_view(), name="recording-audio"),
    path("recordings/<uuid:recording_id>/events", RecordingEvents.as_view(), name="recording-events"),
    path("reports/<uuid:report_id>", ReportDetail.as_view(), name="report"),
    path("scenarios", ScenarioList.as_view(), name="scenarios"),
]
