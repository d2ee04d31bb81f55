"""Keys are shown once; people are made by administrators, who cannot become somebody else."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts import services as accounts
from apps.accounts.errors import NotAuthenticatedError
from apps.accounts.models import ApiKey, AuditEntry, Membership, User
from tests.factories import PASSWORD, MembershipFactory, UserFactory

ADD_KEY = "admin:accounts_apikey_add"


def key_fields(workspace, **more: object) -> dict[str, object]:
    return {"workspace": workspace.pk, "name": "importer", "scopes": ["read", "upload"]} | more


def roles_form(*rows: dict[str, object], initial: int = 0) -> dict[str, object]:
    """The management form of a person's roles, with these rows."""
    fields = {"memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        fields |= {f"memberships-{number}-{name}": value for name, value in row.items()}
    return fields


def new_person(workspace, **more: object) -> dict[str, object]:
    return {
        "username": "novice",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
        **roles_form({"workspace": workspace.pk, "role": "viewer"}),
    } | more


def test_a_new_key_is_shown_once_and_works(admin_client, workspace):
    answer = admin_client.post(reverse(ADD_KEY), key_fields(workspace))
    [text] = set(re.findall(r"vox_[\w-]{43}", answer.content.decode()))
    key = accounts.api_key_authenticate(text=text)
    later = admin_client.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()

    assert "no-store" in answer["Cache-Control"]
    assert (key.name, key.workspace, key.scopes) == ("importer", workspace, ["read", "upload"])
    assert key.created_by is not None
    assert key.prefix in later
    assert text not in later
    assert key.digest not in later
    entry = AuditEntry.objects.get(action="api_key.create")
    assert entry.actor == f"staff:{key.created_by.username}"


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["root"]}, {"name": ""}, {"expires_at_0": "2001-01-01", "expires_at_1": "00:00"}],
)
def test_a_key_with_a_wrong_field_is_not_made(admin_client, workspace, wrong):
    answer = admin_client.post(reverse(ADD_KEY), key_fields(workspace, **wrong))

    assert answer.status_code == 200
    assert not ApiKey.objects.exists()


def test_a_key_for_another_workspace_is_not_made(admin_client, other_workspace):
    admin_client.post(reverse(ADD_KEY), key_fields(other_workspace))

    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("way", ["page", "list"])
def test_a_revoked_key_stops_working_at_once(admin_client, workspace, way):
    key, text = accounts.api_key_create(workspace=workspace, name="importer")
    if way == "page":
        page = reverse("admin:accounts_apikey_change", args=[key.pk])
        admin_client.post(page, {"name": "importer", "accounts_apikey_revoke": "1"})
    else:
        chosen = {"action": "revoke_selected", "_selected_action": [str(key.pk)]}
        admin_client.post(reverse("admin:accounts_apikey_changelist"), chosen)

    with pytest.raises(NotAuthenticatedError):
        accounts.api_key_authenticate(text=text)
    assert AuditEntry.objects.get(action="api_key.revoke").actor.startswith("staff:")


def test_a_keys_scopes_and_workspace_cannot_be_changed_later(admin_client, workspace, other_workspace):
    key, _ = accounts.api_key_create(workspace=workspace, name="importer", scopes=["read"])
    page = reverse("admin:accounts_apikey_change", args=[key.pk])
    admin_client.post(page, {"name": "renamed", "scopes": ["admin"], "workspace": other_workspace.pk})
    key.refresh_from_db()

    assert (key.name, key.scopes, key.workspace) == ("renamed", ["read"], workspace)


def test_the_list_tells_active_expired_and_revoked_keys_apart(admin_client, workspace):
    accounts.api_key_create(workspace=workspace, name="one")
    accounts.api_key_create(workspace=workspace, name="two", expires_at=timezone.now() - timedelta(days=1))
    ApiKey.objects.filter(name="one").update(revoked_at=timezone.now())
    accounts.api_key_create(workspace=workspace, name="three")
    listed = admin_client.get(reverse("admin:accounts_apikey_changelist")).content.decode()

    assert re.findall(r'vp-badge" data-tone="\w+">(\w+)<', listed) == ["active", "expired", "revoked"]


def test_an_administrator_makes_a_person_with_a_role(admin_client, workspace):
    answer = admin_client.post(reverse("admin:accounts_user_add"), new_person(workspace))
    person = User.objects.get(username="novice")

    assert answer.status_code == 302
    assert person.is_staff
    assert not person.is_superuser
    assert Membership.objects.get(user=person).workspace == workspace
    entry = AuditEntry.objects.get(action="membership.save")
    assert entry.details == {"username": "novice", "role": "viewer"}


def test_a_person_made_by_an_administrator_belongs_to_a_workspace_of_theirs(admin_client, workspace, other_workspace):
    for fields in (
        new_person(workspace) | roles_form(),
        new_person(workspace) | roles_form({"workspace": other_workspace.pk, "role": "viewer"}),
    ):
        assert admin_client.post(reverse("admin:accounts_user_add"), fields).status_code == 200
    assert not User.objects.filter(username="novice").exists()


def test_an_administrator_cannot_become_somebody_else(admin_client, workspace, other_workspace):
    colleague = MembershipFactory(workspace=workspace).user
    MembershipFactory(user=colleague, workspace=other_workspace, role="admin")
    role = colleague.memberships.get(workspace=workspace)
    page = reverse("admin:accounts_user_change", args=[colleague.pk])
    row = {"id": role.pk, "user": colleague.pk, "workspace": workspace.pk, "role": "analyst"}
    tried = {"username": "stolen", "email": "me@example.org", "is_superuser": "on", **roles_form(row, initial=1)}
    admin_client.post(page, tried)
    colleague.refresh_from_db()
    role.refresh_from_db()

    assert (colleague.is_superuser, colleague.email) == (False, "")
    assert colleague.username != "stolen"
    assert role.role == "analyst"  # this is theirs to decide
    password = reverse("admin:auth_user_password_change", args=[colleague.pk])
    assert admin_client.post(password, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 403
    assert admin_client.post(reverse("admin:accounts_user_delete", args=[colleague.pk])).status_code == 403


def test_an_administrator_does_not_see_roles_and_people_of_other_workspaces(admin_client, workspace, other_workspace):
    colleague = MembershipFactory(workspace=workspace).user
    elsewhere = MembershipFactory(user=colleague, workspace=other_workspace)
    stranger = MembershipFactory(workspace=other_workspace).user
    shown = admin_client.get(reverse("admin:accounts_user_change", args=[colleague.pk])).content.decode()

    assert f'value="{elsewhere.pk}"' not in shown
    assert "Other" not in shown
    assert admin_client.get(reverse("admin:accounts_user_change", args=[stranger.pk])).status_code == 404
    assert stranger.username not in admin_client.get(reverse("admin:accounts_user_changelist")).content.decode()


def test_a_role_in_another_workspace_cannot_be_reached_through_its_number(admin_client, workspace, other_workspace):
    colleague = MembershipFactory(workspace=workspace).user
    elsewhere = MembershipFactory(user=colleague, workspace=other_workspace, role="viewer")
    row = {"id": elsewhere.pk, "user": colleague.pk, "workspace": workspace.pk, "role": "admin", "DELETE": "on"}
    page = reverse("admin:accounts_user_change", args=[colleague.pk])
    for fields in (row, {name: value for name, value in row.items() if name != "DELETE"}):
        admin_client.post(page, roles_form(fields, initial=1))
    elsewhere.refresh_from_db()

    assert (elsewhere.role, elsewhere.workspace) == ("viewer", other_workspace)


def test_taking_somebody_out_of_a_workspace_is_audited(admin_client, workspace):
    role = MembershipFactory(workspace=workspace)
    row = {"id": role.pk, "user": role.user.pk, "workspace": workspace.pk, "role": role.role, "DELETE": "on"}
    page = reverse("admin:accounts_user_change", args=[role.user.pk])
    admin_client.post(page, roles_form(row, initial=1))

    assert not Membership.objects.filter(pk=role.pk).exists()
    assert AuditEntry.objects.filter(workspace=workspace, action="membership.remove").exists()


def test_superusers_edit_people_and_passwords(client_of, workspace):
    root, colleague = client_of("superuser"), UserFactory()
    page = reverse("admin:accounts_user_change", args=[colleague.pk])

    assert "is_superuser" in root.get(page).content.decode()
    assert root.get(reverse("admin:auth_user_password_change", args=[colleague.pk])).status_code == 200


def test_the_login_page_carries_our_name(client, db):
    assert "VoxPersona" in client.get(reverse("admin:login")).content.decode()
