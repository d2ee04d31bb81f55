"""The first page: counts, what waits, what it cost, and a way in where there is nothing."""

from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from apps.accounts.selectors import access_for
from apps.core.ids import uuid7
from apps.providers.models import ProviderCall
from apps.staff import selectors
from tests.factories import RecordingFactory, UserFactory


def overview(client) -> str:
    return client.get(reverse("admin:index")).content.decode()


def call(workspace, **fields: object) -> ProviderCall:
    values = {
        "workspace": workspace,
        "subject_id": uuid7(),
        "idem_key": str(uuid7()),
        "attempt": 1,
        "operation": "stt",
        "provider": "openai",
        "model": "whisper",
        "purpose": "0",
        "status": "ok",
        "finished_at": Now(),
        "lease_until": Now(),
    }
    return ProviderCall.objects.create(**values | fields)


def test_an_empty_house_tells_how_to_upload(client_of):
    for role, words in [("analyst", "Upload recordings"), ("viewer", "Ask an analyst")]:
        shown = overview(client_of(role))
        assert "No recordings yet" in shown
        assert words in shown
    assert "/api/v1/recordings" in overview(client_of("analyst"))


def test_recordings_are_counted_by_status(person, workspace, other_workspace):
    RecordingFactory.create_batch(2, workspace=workspace)
    RecordingFactory(workspace=workspace, status="error")
    RecordingFactory(workspace=other_workspace)
    counts = {one.status: (one.today, one.week) for one in selectors.status_counts(access_for(user=person("viewer")))}

    assert counts["completed"] == (2, 2)
    assert counts["error"] == (1, 1)
    assert counts["queued"] == (0, 0)


def test_what_waits_for_a_person_is_listed_with_its_reason(analyst, workspace, other_workspace):
    fields = {"status": "needs_attention", "error_code": "coverage_incomplete"}
    RecordingFactory(workspace=workspace, title="Gappy", **fields)
    RecordingFactory(workspace=other_workspace, title="Theirs", **fields)
    shown = overview(analyst)

    assert "Some of the speech has no text yet." in shown
    assert "Gappy" in shown
    assert "Theirs" not in shown
    assert '<span class="vp-count">1</span>' in shown


def test_nothing_waiting_is_said_and_not_counted(analyst, workspace):
    RecordingFactory(workspace=workspace)
    shown = overview(analyst)

    assert "Nothing waits for you" in shown
    assert 'class="vp-count"' not in shown


def test_use_is_summed_for_ones_own_workspaces(person, workspace, other_workspace):
    RecordingFactory(workspace=workspace, duration_ms=90_000)
    call(workspace, cost=Decimal("0.25"))
    call(workspace, cached=True)
    call(other_workspace, cost=Decimal(100))
    used = selectors.usage(access_for(user=person("viewer")), days=7)

    assert (used.recordings, used.audio_ms, used.calls) == (1, 90_000, 1)
    assert used.costs == (("USD", Decimal("0.25")),)


def test_days_without_uploads_are_shown_too(person, workspace):
    RecordingFactory(workspace=workspace)
    days = selectors.uploads_per_day(access_for(user=person("viewer")))

    assert [count for _, count in days] == [0] * 13 + [1]


def test_the_overview_costs_the_same_for_any_number_of_recordings(analyst, workspace, django_assert_num_queries):
    RecordingFactory(workspace=workspace)
    queries = 15
    with django_assert_num_queries(queries):
        overview(analyst)
    RecordingFactory.create_batch(30, workspace=workspace, status="error")
    with django_assert_num_queries(queries):
        overview(analyst)


@pytest.mark.parametrize(("role", "offered"), [("viewer", False), ("admin", False), ("superuser", True)])
def test_operators_find_the_workers_and_schedules(client_of, role, offered, settings):
    settings.FLOWER_PORT = 5999
    shown = overview(client_of(role))

    assert ("http://testserver:5999/" in shown) == offered
    assert (reverse("admin:django_celery_beat_periodictask_changelist") in shown) == offered


def test_a_person_who_is_no_staff_gets_the_login(client, db):
    client.force_login(UserFactory(is_staff=False))

    assert client.get(reverse("admin:index")).status_code == 302
