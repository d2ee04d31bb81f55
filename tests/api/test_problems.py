import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import override_settings
from django.urls import path

import apps
from apps.api import urls
from apps.api.errors import as_app_error
from apps.core.errors import AppError
from apps.core.storage import StorageUnavailableError

SHAPE = {"type", "title", "status", "detail", "code", "param", "request_id", "retryable"}
DOCS = Path(__file__).parent.parent.parent / "docs" / "errors.md"


def is_problem(answer, status, code, param=None):
    problem = answer.json()
    assert answer.status_code == status, problem
    assert answer["Content-Type"] == "application/problem+json"
    assert set(problem) == SHAPE
    assert (problem["status"], problem["code"], problem["param"]) == (status, code, param)
    assert problem["type"] == f"/docs/errors#{code}"
    assert problem["request_id"] == answer["X-Request-ID"]
    return problem


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v1/recordings/", "/api/v1/recordings/x"]
)
def test_an_unknown_address_is_a_problem_and_never_a_page_or_a_redirect(api, path):
    is_problem(api.get(path), 404, "not_found")


@pytest.mark.parametrize("debug", [True, False])
def test_pages_for_people_stay_pages(client, db, debug):
    with override_settings(DEBUG=debug):
        answer = client.get("/nothing-here")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_a_wrong_method_names_the_right_ones(api):
    answer = api.delete("recordings")

    is_problem(answer, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer["Allow"].split(", "))


@pytest.mark.parametrize("body", ["{", "", "nul", '{"a": NaN}', b"\xff\xfe", "[" * 100_000])
def test_malformed_json_is_said_so(api, recording, body):
    is_problem(api.patch(f"recordings/{recording['id']}", body or "x"), 400, "malformed_json")


@pytest.mark.parametrize("body", [[], "text", 3, None])
def test_json_that_is_no_object_is_refused(api, recording, body):
    is_problem(api.patch(f"recordings/{recording['id']}", json.dumps(body)), 422, "invalid_field")


def test_a_json_body_has_an_end(api, recording):
    body = b'{"title": "' + b"x" * 1024 * 1024 + b'"}'

    is_problem(api.patch(f"recordings/{recording['id']}", body), 413, "body_too_large")


def test_another_content_type_than_json_is_refused(api, recording):
    answer = api.client.patch(f"/api/v1/recordings/{recording['id']}", "<a/>", content_type="text/xml")

    is_problem(answer, 415, "unsupported_content_type")


def test_a_strange_host_is_a_problem_too(api):
    answer = api.client.get("/api/v1/recordings", headers={"Host": "evil.example"})

    is_problem(answer, 400, "bad_request")


def test_the_request_id_is_the_callers_where_it_is_sane(api):
    assert api.get("recordings", X_Request_ID="call-7")["X-Request-ID"] == "call-7"
    for insane in ("x" * 200, "a b", "<script>"):
        assert api.get("recordings", X_Request_ID=insane)["X-Request-ID"] != insane


def test_an_accept_header_of_a_player_still_gets_problems(api):
    is_problem(
        api.get("recordings/0190a6c0-0000-7000-8000-000000000000/audio", Accept="audio/*"), 404, "recording_not_found"
    )


@pytest.fixture
def no_database(monkeypatch):
    """The connection is there and every statement fails, as when the server has just gone."""

    def fail(*_arguments):
        raise OperationalError("server closed the connection unexpectedly")

    def switch_on():
        return connection.execute_wrapper(fail)

    return switch_on


def test_a_database_that_is_away_is_a_retryable_problem(api, no_database):
    with no_database():
        answer = api.get("recordings")

    problem = is_problem(answer, 503, "database_unavailable")
    assert problem["retryable"]
    assert int(answer["Retry-After"]) > 0
    assert "server closed" not in answer.content.decode()


def test_what_happens_inside_is_not_told():
    error = as_app_error(StorageUnavailableError("ws/rec/original: 500"))

    assert error.status == 503


@pytest.fixture
def broken_route():
    """A route under /api/ whose view has a bug."""

    def bug(_request):
        raise ZeroDivisionError

    route = path("api/bug", bug)
    urls.urlpatterns.insert(0, route)
    yield "/api/bug"
    urls.urlpatterns.remove(route)


def test_a_bug_is_an_internal_error_without_its_details(api, broken_route):
    answer = api.get(broken_route)

    problem = is_problem(answer, 500, "internal_error")
    assert not problem["retryable"]
    assert "ZeroDivision" not in answer.content.decode()


def concrete_errors():
    for module in pkgutil.walk_packages(apps.__path__, "apps."):
        if ".migrations" not in module.name and "__main__" not in module.name:
            importlib.import_module(module.name)
    found, waiting = set(), [AppError]
    while waiting:
        known = waiting.pop()
        waiting.extend(known.__subclasses__())
        found.add(known)
    return {error for error in found if error.__module__.startswith("apps.") and "code" in vars(error)}


# What a recording says of itself, decided by the pipeline: no exception carries it.
VERDICTS = {"coverage_incomplete", "report_failed"}


def test_every_code_is_in_the_list_and_nothing_else_is():
    answers, of_recordings = DOCS.read_text().split("## In a recording or a report")
    statuses = dict(re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", answers, re.MULTILINE))
    seen_in_recordings = set(re.findall(r"^\| `([a-z_]+)` \|", of_recordings, re.MULTILINE))
    errors = concrete_errors()

    assert not set(statuses) & seen_in_recordings
    assert set(statuses) | seen_in_recordings == {error.code for error in errors} | VERDICTS
    for error in errors:
        if error.code in statuses:
            assert int(statuses[error.code]) == error.status, error


def test_a_code_has_one_class():
    """Except `invalid_field`: the staff pages, which the API does not know, say it too."""
    classes = {}
    for error in concrete_errors():
        classes.setdefault(error.code, []).append(error)

    assert {code for code, found in classes.items() if len(found) > 1} <= {"invalid_field"}
    assert {error.status for error in classes["invalid_field"]} == {422}
