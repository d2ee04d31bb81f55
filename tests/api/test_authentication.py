import io
import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts import services as accounts
from apps.accounts.models import ApiKey
from apps.accounts.types import Scope
from tests.api.conftest import Api


def test_a_key_opens_its_workspace(api):
    assert api.get("recordings").status_code == 200


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer vox_wrong", "Basic dXNlcjpwYXNz", "vox_bare", "Bearer \x00", "Bearer é"],
)
def test_without_a_usable_key_nothing_is_told(client, db, header):
    headers = {} if header is None else {"Authorization": header}

    answer = client.get("/api/v1/recordings", headers=headers)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_authenticated"


def test_a_revoked_or_expired_key_opens_nothing(api, actor):
    key = ApiKey.objects.get()
    accounts.api_key_revoke(key=key, actor=actor)
    assert api.get("recordings").status_code == 401

    ApiKey.objects.update(revoked_at=None, expires_at=timezone.now())
    assert api.get("recordings").status_code == 401


def test_a_key_in_the_address_is_refused_even_beside_a_good_header(api, key):
    answer = api.get(f"recordings?api_key={key}")

    assert answer.status_code == 401
    assert "logs" in answer.json()["detail"]


def test_a_session_of_staff_is_no_key(client, admin_user):
    client.force_login(admin_user)

    assert client.get("/api/v1/recordings").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "recordings", Scope.READ),
        ("POST", "recordings", Scope.UPLOAD),
        ("PATCH", "recordings/{id}", Scope.UPLOAD),
        ("DELETE", "recordings/{id}", Scope.DELETE),
        ("POST", "recordings/{id}/runs", Scope.PROCESS),
        ("POST", "recordings/{id}/cancel", Scope.PROCESS),
        ("GET", "recordings/{id}/transcript", Scope.READ),
        ("GET", "recordings/{id}/audio", Scope.READ),
        ("HEAD", "recordings/{id}/audio", Scope.READ),
        ("GET", "scenarios", Scope.READ),
    ],
)
def test_a_key_without_the_scope_is_told_which_one_it_lacks(with_scopes, recording, method, path, scope):
    path = f"/api/v1/{path}".replace("{id}", recording["id"])
    poor = with_scopes(*(set(Scope) - {scope}))

    answer = poor.client.generic(method, path, content_type="application/json")

    assert answer.status_code == 403
    if method != "HEAD":
        assert answer.json()["code"] == "insufficient_scope"
        assert scope in answer.json()["detail"]
    assert with_scopes(scope).client.generic(method, path, content_type="application/json").status_code != 403


def test_the_audit_log_names_the_key(api, recording, workspace):
    entry = workspace.audit_entries.get(object_id=recording["id"])

    assert entry.actor.startswith("API key tests (vox_")
    assert api.key not in entry.actor


@pytest.fixture
def logged():
    """What the project's own log handler writes."""
    (handler,) = [one for one in logging.root.handlers if one.get_name() == "stderr"]
    before = handler.setStream(io.StringIO())
    yield handler.stream.getvalue
    handler.setStream(before)


def test_neither_keys_nor_titles_are_in_the_logs(key, client, logged):
    client.get(f"/api/v1/recordings?token={key}&title=Secret+meeting", headers={"Authorization": f"Bearer {key}"})

    assert "/api/v1/recordings" in logged()
    assert key not in logged()
    assert "Secret" not in logged()


def test_the_id_in_the_answer_is_the_one_in_the_logs(api, logged):
    answer = api.get("recordings")

    assert answer["X-Request-ID"] in logged()


def test_two_keys_of_a_workspace_see_the_same(api, recording, with_scopes):
    assert with_scopes(Scope.READ).get(f"recordings/{recording['id']}").json()["id"] == recording["id"]


def test_a_bearer_word_is_read_in_any_case(key, db):
    api = Api("")
    assert api.get("recordings", Authorization=f"bearer {key}").status_code == 200


def test_the_last_use_of_a_key_is_noted_once_a_minute(api):
    api.get("scenarios")
    first = ApiKey.objects.get().last_used_at
    api.get("scenarios")
    assert ApiKey.objects.get().last_used_at == first

    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    api.get("scenarios")
    assert ApiKey.objects.get().last_used_at >= first
