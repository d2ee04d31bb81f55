"""Repeats with the same Idempotency-Key, over real connections."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.db.models.functions import Now
from django.test import override_settings

from apps.accounts.models import IdempotentAnswer
from apps.accounts.services import idempotency_lock
from apps.recordings.models import Recording
from tests.api.conftest import CARDS

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = CARDS[:-2]


@pytest.fixture
def send(live_server, key, stored):
    """Send the file, raw, with an Idempotency-Key."""

    def send(content=CARDS, *, idempotency_key="k1", query="", **options):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "audio/wav", "Idempotency-Key": idempotency_key}
        return httpx.post(
            f"{live_server.url}/api/v1/recordings{query}", content=content, headers=headers, timeout=30, **options
        )

    return send


def test_a_repeat_gets_the_first_answer_and_stores_nothing(send, stored):
    first, second = send(), send()

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.content == first.content
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(stored()) == Recording.objects.count() == 1


def test_another_file_or_field_under_the_same_key_is_a_conflict(send, stored):
    send(query="?title=a")

    for answer in (send(OTHER, query="?title=a"), send(query="?title=b"), send()):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_conflict")
    assert len(stored()) == 1


def test_fields_are_compared_as_they_are_understood(send):
    first = send(query="?language_code=EN-us&keyterms[]=x")
    second = send(query="?keyterms=x&language_code=en-US&scenario=general")

    assert second.content == first.content


def test_a_form_with_another_boundary_is_the_same_request(live_server, key, stored):
    def send_form(boundary):
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'.encode()
            + CARDS
            + f"\r\n--{boundary}--\r\n".encode()
        )
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Idempotency-Key": "form",
        }
        return httpx.post(f"{live_server.url}/api/v1/recordings", content=body, headers=headers, timeout=30)

    first, second = send_form("aaa"), send_form("bbb")

    assert second.content == first.content
    assert len(stored()) == 1


def test_many_at_once_make_one_recording(send, stored):
    ready = threading.Barrier(8)

    def go(_number):
        ready.wait()
        return send()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(go, range(8)))

    by_status = {status: [one for one in answers if one.status_code == status] for status in (202, 409)}
    assert len(by_status[202]) + len(by_status[409]) == 8
    assert len({one.content for one in by_status[202]}) == 1
    assert sum("Idempotency-Replayed" not in one.headers for one in by_status[202]) == 1
    for one in by_status[409]:
        assert one.json()["code"] == "request_running"
        assert int(one.headers["Retry-After"]) > 0
    assert len(stored()) == Recording.objects.count() == 1


def test_while_the_first_request_runs_the_second_is_told_to_wait(send, workspace):
    with idempotency_lock(workspace_id=workspace.pk, key="k1"):
        answer = send()

    assert (answer.status_code, answer.json()["code"]) == (409, "request_running")
    assert send().status_code == 202


def test_a_refused_request_leaves_its_key_free(send):
    assert send(b"no audio").status_code == 415
    assert send(query="?scenario=opera").status_code == 422

    assert send().status_code == 202


def test_keys_of_two_workspaces_have_nothing_in_common(send, stranger, live_server):
    send()
    headers = {"Authorization": f"Bearer {stranger.key}", "Content-Type": "audio/wav", "Idempotency-Key": "k1"}
    theirs = httpx.post(f"{live_server.url}/api/v1/recordings", content=OTHER, headers=headers, timeout=30)

    assert theirs.status_code == 202
    assert "Idempotency-Replayed" not in theirs.headers


def test_an_answer_is_forgotten_after_its_lifetime(send):
    first = send()
    IdempotentAnswer.objects.update(created_at=Now() - timedelta(hours=2))

    with override_settings(IDEMPOTENCY_KEY_LIFETIME=timedelta(hours=1)):
        second = send(OTHER)
        third = send(OTHER)

    assert second.status_code == 202
    assert second.json()["id"] != first.json()["id"]
    assert third.content == second.content


@pytest.mark.parametrize("bad", ["x" * 256, "ключ".encode(), "a\tb"])
def test_a_key_is_short_printable_text(send, bad):
    answer = send(idempotency_key=bad)

    assert (answer.status_code, answer.json()["param"]) == (422, "Idempotency-Key")


def test_a_deleted_recording_stays_the_first_answer(send, live_server, key):
    first = send()
    httpx.delete(live_server.url + first.headers["Location"], headers={"Authorization": f"Bearer {key}"})

    assert send().content == first.content
