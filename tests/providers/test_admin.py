import pytest
from django.urls import reverse

from apps.accounts import services as accounts
from apps.accounts.models import Membership, User
from apps.providers.models import ProviderCall


@pytest.fixture
def staff(client, db):
    client.force_login(User.objects.create_superuser("root", password="not-a-secret-1"))
    return client


def test_staff_read_the_ledger_and_change_nothing(staff, fake_speech, transcribe):
    call = ProviderCall.objects.get(pk=transcribe().call_id)
    detail = reverse("admin:providers_providercall_change", args=[call.pk])

    assert "fake" in staff.get(reverse("admin:providers_providercall_changelist")).content.decode()
    page = staff.get(detail).content.decode()
    assert call.idem_key in page
    assert "three" not in page  # what was said is not shown here
    assert staff.post(detail, {"status": "failed"}).status_code == 403
    assert staff.get(reverse("admin:providers_providercall_add")).status_code == 403


def test_the_ledger_page_asks_for_all_rows_at_once(staff, fake_speech, transcribe, django_assert_max_num_queries):
    for number in range(12):
        transcribe(content_key=str(number))

    with django_assert_max_num_queries(12):
        staff.get(reverse("admin:providers_providercall_changelist"))


@pytest.mark.parametrize(("role", "sees"), [("admin", 200), ("analyst", 403)])
def test_only_administrators_of_a_workspace_see_its_calls(client, workspace, fake_speech, transcribe, role, sees):
    person = User.objects.create_user("anna", password="not-a-secret-1", is_staff=True)
    Membership.objects.create(user=person, workspace=workspace, role=role)
    client.force_login(person)
    other = accounts.workspace_create(name="other", title="Other")
    own, foreign = transcribe().call_id, transcribe(workspace_id=other.pk).call_id

    def status(call_id) -> int:
        return client.get(reverse("admin:providers_providercall_change", args=[call_id])).status_code

    assert (status(own), status(foreign)) == (sees, 404 if role == "admin" else 403)
