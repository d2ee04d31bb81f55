import pytest
from django.urls import reverse

from apps.accounts.models import User
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
