"""Server-sent events over real connections."""

import json
import time

import httpx
import pytest
from django.db import connection

from apps.api.v1 import events as events_view
from apps.recordings.models import Recording

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def slots(monkeypatch):
    """Streams of other tests that have not noticed yet that nobody listens do not count."""
    monkeypatch.setattr(events_view, "_slots", events_view.Slots())


@pytest.fixture
def follow(live_server, key):
    """Open a stream; used as a context manager."""

    def follow(recording_id, **headers):
        return httpx.stream(
            "GET",
            f"{live_server.url}/api/v1/recordings/{recording_id}/events",
            headers={"Authorization": f"Bearer {key}", "Accept": "text/event-stream"} | headers,
            timeout=20,
        )

    return follow


def events(stream):
    """Yield events as (name, data)."""
    name, data = None, None
    for line in stream.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data = json.loads(value)
        elif not line and name:
            yield name, data
            name = None


def change(**fields):
    Recording.objects.update(**fields)


def test_the_first_event_comes_at_once_and_the_last_with_the_end(follow, recording):
    begun = time.monotonic()
    with follow(recording["id"]) as stream:
        assert stream.status_code == 200
        assert stream.headers["Content-Type"] == "text/event-stream"
        seen = events(stream)
        first = next(seen)
        assert time.monotonic() - begun < 1
        change(status="processing", stage="transcribe", progress=40)
        second = next(seen)
        change(status="completed", stage="analyze", progress=100)
        rest = list(seen)

    assert first == (
        "progress",
        {
            "id": recording["id"],
            "object": "recording",
            "status": "queued",
            "stage": "prepare",
            "progress": 0,
            "error": None,
        },
    )
    assert (second[1]["status"], second[1]["stage"], second[1]["progress"]) == ("processing", "transcribe", 40)
    assert [data["status"] for _, data in rest] == ["completed"]


def test_a_finished_recording_is_told_once_and_a_browser_need_not_come_again(follow, recording):
    change(status="error", error_code="no_audio_in_file", error_detail="No sound.")
    with follow(recording["id"]) as stream:
        text = stream.read().decode()

    assert text.startswith("retry: ")
    last_id = next(line for line in text.splitlines() if line.startswith("id: ")).removeprefix("id: ")
    assert '"no_audio_in_file"' in text
    with follow(recording["id"], **{"Last-Event-ID": last_id}) as again:
        assert again.status_code == 204


def test_a_recording_that_is_deleted_meanwhile_ends_the_stream(follow, recording):
    with follow(recording["id"]) as stream:
        seen = events(stream)
        next(seen)
        Recording.objects.all().delete()
        assert [name for name, _ in seen] == ["deleted"]


def sessions():
    """Count the connections of the database that are not ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def test_a_waiting_stream_holds_no_connection_of_the_database(follow, recording):
    before = sessions()
    with follow(recording["id"]) as stream:
        seen = events(stream)
        next(seen)
        counts = []
        for _ in range(8):
            time.sleep(0.15)
            counts.append(sessions())
        change(status="canceled")
        list(seen)

    assert counts.count(before) >= 6


def test_a_process_serves_so_many_streams_and_no_more(follow, recording, settings):
    settings.EVENT_STREAMS_PER_PROCESS = 1
    with follow(recording["id"]) as stream:
        seen = events(stream)
        next(seen)
        with follow(recording["id"]) as second:
            second.read()
            assert (second.status_code, second.json()["code"]) == (503, "too_many_streams")
            assert int(second.headers["Retry-After"]) > 0
        change(status="canceled")
        list(seen)
    wait_until_free(follow, recording)


def wait_until_free(follow, recording):
    """The server closes a stream just after its last byte."""
    for _ in range(50):
        with follow(recording["id"]) as stream:
            if stream.status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("the place was not given back")


def test_a_client_that_goes_away_gives_its_place_back(follow, recording, settings, monkeypatch):
    monkeypatch.setattr(events_view, "HEARTBEAT_SECONDS", 0.1)
    settings.EVENT_STREAMS_PER_PROCESS = 1
    with follow(recording["id"]) as stream:
        next(events(stream))
    time.sleep(2.5)  # the server finds out when it writes: at the second heartbeat
    wait_until_free(follow, recording)
    change(status="canceled")


def test_an_idle_stream_is_kept_alive(follow, recording, monkeypatch):
    monkeypatch.setattr(events_view, "HEARTBEAT_SECONDS", 1)
    with follow(recording["id"]) as stream:
        lines = stream.iter_lines()
        assert any(line.startswith(":") for line in lines)
        change(status="canceled")
        list(lines)


def test_head_opens_no_stream(api, recording):
    answer = api.client.head(f"/api/v1/recordings/{recording['id']}/events")

    assert (answer.status_code, answer["Content-Type"], answer.streaming) == (200, "text/event-stream", False)
