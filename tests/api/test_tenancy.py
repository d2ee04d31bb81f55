"""Somebody else's objects are not there: every address with an id is walked with another workspace's key."""

import pytest
from django.urls import get_resolver

from apps.analysis.models import Report
from apps.recordings.models import Recording
from tests.api.making import prepared, reported
from tests.api.test_problems import SHAPE

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def addresses(patterns=None, prefix=""):
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, route)
        elif route.startswith("api/v1/"):
            yield f"/{route}"


@pytest.fixture
def victim(recording):
    """A recording with everything that can hang on it."""
    prepared(recording["id"])
    report = reported(recording["id"])
    return {"<uuid:recording_id>": recording["id"], "<uuid:report_id>": str(report.pk)}


def filled(address, ids):
    for name, value in ids.items():
        address = address.replace(name, value)
    assert "<" not in address, f"teach this test what stands in {address}"
    return address


def test_with_another_workspaces_key_every_id_is_unknown(victim, stranger):
    before = [list(model.objects.values()) for model in (Recording, Report)]

    walked = 0
    for address in addresses():
        if "<" not in address:
            continue
        for method in METHODS:
            answer = stranger.client.generic(method, filled(address, victim), "{}", content_type="application/json")
            assert answer.status_code in {404, 405}, (method, address, answer.status_code)
            if method != "HEAD":
                assert set(answer.json()) == SHAPE
            walked += 1
    assert walked >= 8 * len(METHODS)
    assert [list(model.objects.values()) for model in (Recording, Report)] == before


def test_the_answer_to_a_foreign_id_is_that_to_an_id_of_nobody(victim, stranger):
    nobody = dict.fromkeys(victim, "0190a6c0-0000-7000-8000-000000000000")

    for address in addresses():
        if "<" in address:
            foreign = stranger.get(filled(address, victim)).json()
            missing = stranger.get(filled(address, nobody)).json()
            assert foreign | {"request_id": None} == missing | {"request_id": None}


def test_lists_and_filters_show_only_ones_own(victim, recording, stranger):
    for query in ("", f"?sha256={recording['sha256']}", "?status=queued", f"?duplicate_of={recording['id']}"):
        assert stranger.get(f"recordings{query}").json()["data"] == []


@pytest.mark.parametrize("method", METHODS)
def test_without_a_key_no_address_answers(client, victim, method):
    for address in addresses():
        answer = client.generic(method, filled(address, victim), "{}", content_type="application/json")
        assert answer.status_code == 401, (method, address)
