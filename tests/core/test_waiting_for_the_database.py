"""Writes that outlive a lost connection to the database."""

import pytest
from django.db import OperationalError, connection, transaction

from apps.accounts.models import Workspace
from apps.core import outages
from apps.core.outages import persist


def cut_off() -> None:
    """Lose our connection as when the server restarts: the next statement fails."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()


@transaction.atomic
def write() -> str:
    return Workspace.objects.create(name="outage").name


@pytest.mark.django_db(transaction=True)
def test_a_write_is_repeated_on_a_new_connection(monkeypatch):
    monkeypatch.setattr(outages, "PAUSES_SECONDS", (0.01,))
    cut_off()

    assert persist(write) == "outage"
    assert Workspace.objects.filter(name="outage").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_repeats_it_would_be_lost(monkeypatch):
    monkeypatch.setattr(outages, "PAUSES_SECONDS", ())
    cut_off()

    with pytest.raises(OperationalError):
        persist(write)
    connection.close()
    assert not Workspace.objects.filter(name="outage").exists()


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_repeated():
    tries = []

    def fail() -> None:
        tries.append(1)
        raise OperationalError

    with pytest.raises(OperationalError), transaction.atomic():
        persist(fail)
    assert len(tries) == 1
