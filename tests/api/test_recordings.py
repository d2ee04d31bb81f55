from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from apps.core.ids import uuid7
from apps.pipeline.models import Run, Stage
from apps.providers.models import ProviderCall
from apps.recordings.models import Recording
from tests.api.test_problems import is_problem


@pytest.fixture
def many(workspace):
    """Make recordings that were never uploaded, the oldest first."""

    def make(count, **fields):
        rows = [
            Recording(
                id=uuid7(),
                workspace=workspace,
                **{
                    "size_bytes": 1,
                    "sha256": "0" * 64,
                    "media_type": "audio/wav",
                    "container": "wav",
                    "object_key": "none",
                    "scenario": "general",
                }
                | fields,
            )
            for _ in range(count)
        ]
        return Recording.objects.bulk_create(rows)

    return make


def ids(answer):
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["data"]]


# --- Lists ---------------------------------------------------------------------------------------------------


def test_the_newest_comes_first_and_pages_follow_each_other(api, many):
    newest_first = [str(row.pk) for row in reversed(many(7))]

    first = api.get("recordings?limit=3")
    second = api.get(f"recordings?limit=3&after={first.json()['next_cursor']}")
    last = api.get(f"recordings?limit=3&after={second.json()['next_cursor']}")

    assert ids(first) + ids(second) + ids(last) == newest_first
    assert [page.json()["has_more"] for page in (first, second, last)] == [True, True, False]
    assert last.json()["next_cursor"] is None


def test_a_page_that_ends_exactly_is_the_last(api, many):
    many(3)

    assert not api.get("recordings?limit=3").json()["has_more"]
    assert api.get("recordings").json()["has_more"] is False


def test_a_cursor_survives_the_deletion_of_its_recording(api, many):
    old, gone, _new = many(3)
    cursor = gone.pk
    gone.delete()

    assert ids(api.get(f"recordings?after={cursor}")) == [str(old.pk)]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("limit=", "limit"),
        ("after=x", "after"),
        ("after=", "after"),
        ("status=done", "status"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2026-13-01T00:00:00Z", "created_before"),
        ("created_before=0001-01-01T00:00:00%2B23:59", "created_before"),
        ("sha256=abc", "sha256"),
        ("duplicate_of=7", "duplicate_of"),
        ("q=%00", "q"),
        ("q=" + "x" * 201, "q"),
        ("limit=5&limit=6", "limit"),
    ],
)
def test_a_wrong_filter_is_named(api, query, param):
    is_problem(api.get(f"recordings?{query}"), 422, "invalid_field", param)


def test_an_unknown_filter_is_named(api):
    is_problem(api.get("recordings?workspace=other"), 422, "unknown_field", "workspace")
    is_problem(api.get("recordings?scenario=opera"), 422, "unknown_scenario", "scenario")
    is_problem(api.get("recordings?language_code=xx"), 422, "unknown_language", "language_code")


def test_filters_let_through_what_they_say(api, many):
    (call,) = many(1, scenario="call", title="100% Über_sicht", language_code="de-DE")
    (done,) = many(1, status="completed", sha256="a" * 64, filename="night.mp3", duplicate_of=call)
    Recording.objects.filter(pk=call.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert ids(api.get("recordings?scenario=call")) == [str(call.pk)]
    assert ids(api.get("recordings?language_code=de_de")) == [str(call.pk)]
    assert ids(api.get("recordings?status=completed")) == [str(done.pk)]
    assert ids(api.get("recordings?status=completed&status=queued")) == [str(done.pk), str(call.pk)]
    assert ids(api.get(f"recordings?sha256={'A' * 64}")) == [str(done.pk)]
    assert ids(api.get(f"recordings?duplicate_of={call.pk}")) == [str(done.pk)]
    assert ids(api.get("recordings?created_before=2026-02-01")) == [str(call.pk)]
    assert ids(api.get("recordings?created_after=2026-02-01T00:00:00Z")) == [str(done.pk)]
    for text, found in [("über", call), ("NIGHT", done), ("0% Ü", call), ("_sicht", call)]:
        assert ids(api.get(f"recordings?q={quote(text)}")) == [str(found.pk)]
    assert ids(api.get("recordings?q=x%25y")) == []


def test_a_list_takes_as_many_queries_for_many_as_for_one(api, many, django_assert_num_queries):
    many(1)
    api.get("recordings")

    with django_assert_num_queries(3):  # the key, the page, the costs
        api.get("recordings?limit=100")
    many(60)
    with django_assert_num_queries(3):
        assert len(ids(api.get("recordings?limit=100"))) == 61


# --- One recording -------------------------------------------------------------------------------------------


def test_one_recording_takes_a_constant_number_of_queries(api, recording, django_assert_num_queries):
    with django_assert_num_queries(3):
        api.get(f"recordings/{recording['id']}")


def test_what_has_not_changed_is_not_sent_again(api, recording):
    path = f"recordings/{recording['id']}"
    tag = api.get(path)["ETag"]

    assert tag.startswith('W/"')
    same = api.get(path, If_None_Match=f'"other", {tag}')
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
    Recording.objects.update(progress=7)
    assert api.get(path, If_None_Match=tag).json()["progress"] == 7
    listed = api.get("recordings")
    assert api.get("recordings", If_None_Match=listed["ETag"]).status_code == 304


def test_what_is_known_later_is_shown(api, recording, workspace):
    Recording.objects.update(
        status="needs_attention",
        stage="assemble",
        progress=80,
        duration_ms=5000,
        speech_ms=4000,
        covered_ms=3000,
        gaps=[{"start": 100, "end": 1100}],
        warnings=["poor_audio"],
        error_code="coverage_incomplete",
        error_detail="1 gap",
    )
    for cost in ("0.10", "0.020001"):
        ProviderCall.objects.create(
            workspace=workspace,
            subject_id=recording["id"],
            idem_key=cost,
            attempt=1,
            operation="stt",
            provider="x",
            model="y",
            purpose="0",
            status="failed",
            cost=cost,
            lease_until=datetime.now(UTC),
            finished_at=datetime.now(UTC),
        )

    body = api.get(f"recordings/{recording['id']}").json()

    assert body["coverage"] == {"speech_ms": 4000, "covered_ms": 3000, "gaps": [{"start": 100, "end": 1100}]}
    assert body["error"] == {"code": "coverage_incomplete", "detail": "1 gap"}
    assert body["cost"] == {"estimated": "0.000000", "actual": "0.120001", "currency": "USD"}
    assert (body["stage"], body["progress"], body["warnings"]) == ("assemble", 80, ["poor_audio"])
    assert ids(api.get("recordings")) == [recording["id"]]
    assert api.get("recordings").json()["data"][0] == body


def test_a_recording_can_be_described_anew(api, recording):
    path = f"recordings/{recording['id']}"
    changes = {
        "title": "New\u202e title",
        "metadata": {"place": "Bar", "n": [1, 2.5, None]},
        "language_code": "ru",
        "speakers_expected": 3,
        "keyterms": ["x"],
        "scenario": "call",
    }

    answer = api.patch(path, changes)

    assert answer.status_code == 200
    expected = recording | changes | {"title": "New\\u202e title"}
    assert answer.json() == api.get(path).json() == expected
    assert answer["ETag"] == api.get(path)["ETag"]
    cleared = api.patch(path, {"language_code": None, "speakers_expected": None}).json()
    assert (cleared["language_code"], cleared["speakers_expected"]) == (None, None)
    assert api.patch(path, {}).json() == cleared


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"status": "completed"}, "unknown_field", "status"),
        ({"workspace": "x"}, "unknown_field", "workspace"),
        ({"id": "x"}, "unknown_field", "id"),
        ({"title": None}, "invalid_field", "title"),
        ({"title": 5 * ["x"]}, "invalid_field", "title"),
        ({"title": "x" * 301}, "invalid_field", "title"),
        ({"metadata": [1]}, "invalid_field", "metadata"),
        ({"metadata": None}, "invalid_field", "metadata"),
        ({"metadata": {"a": "\u0000"}}, "invalid_field", "metadata"),
        ({"metadata": {"a": "x" * 20_000}}, "invalid_field", "metadata"),
        ({"keyterms": "one"}, "invalid_field", "keyterms"),
        ({"keyterms": ["a\u0000"]}, "invalid_field", "keyterms"),
        ({"language_code": "xx"}, "unknown_language", "language_code"),
        ({"scenario": "opera"}, "unknown_scenario", "scenario"),
        ({"speakers_expected": 0}, "invalid_field", "speakers_expected"),
    ],
)
def test_a_wrong_description_changes_nothing(api, recording, body, code, param):
    is_problem(api.patch(f"recordings/{recording['id']}", {"title": "kept"} | body), 422, code, param)
    assert api.get(f"recordings/{recording['id']}").json() == recording


def test_a_change_can_be_made_to_depend_on_what_was_read(api, recording):
    path = f"recordings/{recording['id']}"
    tag = api.get(path)["ETag"]

    assert api.patch(path, {"title": "mine"}, If_Match=tag).status_code == 200
    is_problem(api.patch(path, {"title": "late"}, If_Match=tag), 412, "precondition_failed", "If-Match")
    assert api.get(path).json()["title"] == "mine"
    assert api.patch(path, {"title": "any"}, If_Match="*").status_code == 200


def test_a_deleted_recording_is_gone_at_once(api, recording, workspace):
    path = f"recordings/{recording['id']}"

    answer = api.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (api.get(path), api.delete(path), api.patch(path, {}), api.get(f"{path}/transcript")):
        is_problem(gone, 404, "recording_not_found")
    assert ids(api.get("recordings")) == []
    assert not Stage.objects.exists()
    assert workspace.audit_entries.filter(action="recording.delete", object_id=recording["id"]).exists()


# --- Runs ----------------------------------------------------------------------------------------------------


def test_a_run_can_be_stopped_and_begun_again(api, recording):
    path = f"recordings/{recording['id']}"
    is_problem(api.post(f"{path}/runs"), 409, "run_open")

    canceled = api.post(f"{path}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    is_problem(api.post(f"{path}/cancel"), 409, "nothing_to_cancel")

    again = api.post(f"{path}/runs", {"from_stage": None, "ignore_cache": True})
    assert again.status_code == 202
    assert again.json()["status"] in {"queued", "processing"}
    assert again["Location"] == f"/api/v1/{path}"
    assert Run.objects.get(number=2).ignore_cache


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"from_stage": "deliver"}, 422, "unknown_stage", "from_stage"),
        ({"from_stage": "nonsense"}, 422, "unknown_stage", "from_stage"),
        ({"from_stage": 3.5}, 422, "unknown_stage", "from_stage"),
        ({"from_stage": "analyze"}, 409, "stage_not_possible", "from_stage"),
        ({"from": "analyze"}, 422, "unknown_field", "from"),
        ({"ignore_cache": "perhaps"}, 422, "invalid_field", "ignore_cache"),
    ],
)
def test_a_run_that_cannot_be_is_refused(api, recording, body, status, code, param):
    api.post(f"recordings/{recording['id']}/cancel")

    is_problem(api.post(f"recordings/{recording['id']}/runs", body), status, code, param)
    assert Run.objects.count() == 1


def test_a_run_needs_no_body_at_all(api, recording):
    path = f"/api/v1/recordings/{recording['id']}"

    assert api.client.generic("POST", f"{path}/cancel").status_code == 200
    assert api.client.generic("POST", f"{path}/runs").status_code == 202
    assert (
        api.client.generic("POST", f"{path}/cancel", content_type="application/x-www-form-urlencoded").status_code
        == 200
    )


def test_times_are_rfc_3339_in_utc(api, recording):
    assert recording["created_at"].endswith("Z")
    age = datetime.now(UTC) - datetime.fromisoformat(recording["created_at"])
    assert timedelta(0) <= age < timedelta(minutes=1)
