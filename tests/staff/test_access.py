"""Who sees and does what: by workspace and by role."""

import pytest
from django.urls import reverse

from apps.accounts import services as accounts
from apps.accounts.models import AuditEntry
from apps.accounts.selectors import Role, access_for
from apps.accounts.types import Actor
from apps.recordings.models import Recording
from tests.factories import MembershipFactory, RecordingFactory, UserFactory

ROLES = ["viewer", "analyst", "admin", "superuser"]


@pytest.fixture
def recording(workspace) -> Recording:
    return RecordingFactory(workspace=workspace, title="Ours")


@pytest.fixture
def foreign(other_workspace) -> Recording:
    return RecordingFactory(workspace=other_workspace, title="Theirs")


def url(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def test_a_higher_role_may_do_all_that_a_lower_one_may(workspace, person):
    may = {role: [access_for(user=person(role)).may(needed, workspace.pk) for needed in Role] for role in ROLES}

    assert may == {
        "viewer": [True, False, False],
        "analyst": [True, True, False],
        "admin": [True, True, True],
        "superuser": [True, True, True],
    }


def test_a_role_counts_in_its_own_workspace_only(workspace, other_workspace, person):
    access = access_for(user=person("admin"))

    assert not access.may(Role.VIEWER, other_workspace.pk)
    assert list(access.workspaces()) == [workspace]


def test_a_blocked_person_may_do_nothing(workspace, person):
    user = person("superuser")
    user.is_active = False

    assert not access_for(user=user).may(Role.VIEWER, workspace.pk)


def test_members_see_their_workspace_only_and_superusers_all(client_of, recording, foreign):
    for role in ROLES:
        listed = client_of(role).get(url("recordings_recording_changelist")).content.decode()
        assert "Ours" in listed
        assert ("Theirs" in listed) == (role == "superuser")


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("change", []),
        ("delete", []),
        ("live_one", []),
        ("audio", []),
        ("original", []),
        ("transcript", ["txt"]),
        ("report", ["01890000-0000-7000-8000-000000000000"]),
        ("history", []),
    ],
)
def test_another_workspaces_recording_is_404_everywhere(admin_client, foreign, name, more):
    assert admin_client.get(url(f"recordings_recording_{name}", foreign.pk, *more)).status_code == 404


def test_another_workspaces_recording_cannot_be_acted_on(admin_client, foreign):
    assert admin_client.post(url("recordings_recording_do", foreign.pk), {"action": "run"}).status_code == 404
    assert admin_client.post(url("recordings_recording_delete", foreign.pk), {"post": "yes"}).status_code == 404
    assert Recording.objects.filter(pk=foreign.pk).exists()


def test_another_workspaces_recording_is_not_in_the_live_answer(admin_client, recording, foreign):
    answer = admin_client.get(url("recordings_recording_live"), {"id": [recording.pk, foreign.pk, "nonsense"]})

    assert set(answer.json()["cells"]) == {str(recording.pk)}


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("analyst", 302), ("admin", 302), ("superuser", 302)])
def test_analysts_act_on_recordings_and_viewers_do_not(client_of, recording, role, status):
    answer = client_of(role).post(url("recordings_recording_do", recording.pk), {"action": "cancel"})

    assert answer.status_code == status


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("analyst", 403), ("admin", 302), ("superuser", 302)])
def test_administrators_delete_recordings(client_of, recording, role, status):
    answer = client_of(role).post(url("recordings_recording_delete", recording.pk), {"post": "yes"})

    assert answer.status_code == status
    assert Recording.objects.filter(pk=recording.pk).exists() == (status == 403)


def test_deleting_several_goes_through_the_service(admin_client, workspace):
    made = RecordingFactory.create_batch(2, workspace=workspace)
    chosen = {"action": "delete_selected", "_selected_action": [str(one.pk) for one in made], "post": "yes"}
    admin_client.post(url("recordings_recording_changelist"), chosen)

    assert not Recording.objects.exists()
    assert AuditEntry.objects.filter(action="recording.delete", actor__startswith="staff:").count() == 2


def test_a_viewer_is_offered_nothing_that_they_may_not_do(client_of, recording):
    shown = client_of("viewer").get(url("recordings_recording_change", recording.pk)).content.decode()

    assert "Run again" not in shown
    assert url("recordings_recording_delete", recording.pk) not in shown
    assert url("recordings_recording_add") not in shown


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("analyst", 200), ("admin", 200)])
def test_the_upload_page_is_for_analysts(client_of, role, status):
    assert client_of(role).get(url("recordings_recording_add")).status_code == status


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("analyst", 403), ("admin", 200), ("superuser", 200)])
@pytest.mark.parametrize("model", ["apikey", "auditentry", "user"])
def test_keys_people_and_the_audit_log_are_for_administrators(client_of, role, status, model):
    assert client_of(role).get(url(f"accounts_{model}_changelist")).status_code == status


def test_another_workspaces_key_and_audit_entry_are_404(admin_client, other_workspace):
    key, _ = accounts.api_key_create(workspace=other_workspace, name="theirs")
    accounts.audit(actor=Actor(other_workspace.pk, "x"), action="secret.deed")
    entry = AuditEntry.objects.get(action="secret.deed")

    assert admin_client.get(url("accounts_apikey_change", key.pk)).status_code == 404
    assert admin_client.get(url("accounts_auditentry_change", entry.pk)).status_code == 404
    assert "secret.deed" not in admin_client.get(url("accounts_auditentry_changelist")).content.decode()


def test_nobody_edits_the_audit_log(client_of, workspace):
    accounts.audit(actor=Actor(workspace.pk, "x"), action="deed")
    entry = AuditEntry.objects.get(action="deed")
    root = client_of("superuser")

    assert root.get(url("accounts_auditentry_change", entry.pk)).status_code == 200
    assert root.post(url("accounts_auditentry_change", entry.pk), {"action": "other"}).status_code == 403
    assert root.post(url("accounts_auditentry_delete", entry.pk), {"post": "yes"}).status_code == 403
    assert root.get(url("accounts_auditentry_add")).status_code == 403


def test_a_workspace_is_edited_by_its_administrators_and_made_by_superusers(client_of, workspace, other_workspace):
    page = url("accounts_workspace_change", workspace.pk)
    fields = {
        "title": "Renamed",
        "default_language_code": "ru",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    assert client_of("viewer").post(page, fields).status_code == 403
    assert client_of("admin").post(page, fields).status_code == 302
    workspace.refresh_from_db()

    assert (workspace.title, workspace.name, workspace.default_language_code) == ("Renamed", "acme", "ru")
    assert AuditEntry.objects.filter(workspace=workspace, action="workspace.change").exists()
    assert client_of("admin").get(url("accounts_workspace_change", other_workspace.pk)).status_code == 404
    assert client_of("admin").get(url("accounts_workspace_add")).status_code == 403
    assert client_of("superuser").get(url("accounts_workspace_add")).status_code == 200


def test_schedules_are_for_operators(client_of):
    page = url("django_celery_beat_periodictask_changelist")

    assert client_of("admin").get(page).status_code == 403
    assert client_of("superuser").get(page).status_code == 200


def test_somebody_without_a_workspace_sees_an_empty_overview(client, db, recording):
    client.force_login(UserFactory())
    shown = client.get(url("index")).content.decode()

    assert "Ours" not in shown
    assert "Nothing has been uploaded to your workspaces" in shown


def test_two_workspaces_are_seen_together(client, workspace, other_workspace, recording, foreign):
    user = UserFactory()
    for one in (workspace, other_workspace):
        MembershipFactory(user=user, workspace=one)
    client.force_login(user)
    listed = client.get(url("recordings_recording_changelist")).content.decode()

    assert "Ours" in listed
    assert "Theirs" in listed
