"""What beat does: seeded once, then the operators'."""

import pytest
from celery import current_app
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.accounts.models import User
from apps.pipeline.schedules import schedules, schedules_seed

pytestmark = pytest.mark.django_db


def test_every_schedule_is_there_after_the_migrations():
    assert set(PeriodicTask.objects.values_list("name", "task")) >= {(one.name, one.task) for one in schedules()}


def test_every_scheduled_task_exists_and_goes_to_a_queue_that_workers_serve(settings):
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    for task in PeriodicTask.objects.filter(name__in=[one.name for one in schedules()]):
        assert task.task in current_app.tasks
        assert task.queue in queues


def test_the_sweep_runs_as_often_as_the_settings_say(settings):
    sweep = PeriodicTask.objects.get(task="pipeline.sweep")

    assert (sweep.interval.every, sweep.interval.period) == (settings.SWEEP_SECONDS, IntervalSchedule.SECONDS)


def test_a_message_that_waited_through_an_outage_expires():
    for task in PeriodicTask.objects.filter(name__in=[one.name for one in schedules()]):
        assert task.expire_seconds >= task.interval.every


def test_what_an_operator_changed_stays(settings):
    slower = IntervalSchedule.objects.create(every=90, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(name="Sweep").update(interval=slower)
    PeriodicTask.objects.filter(name="Removals").update(enabled=False)

    schedules_seed()

    assert PeriodicTask.objects.get(name="Sweep").interval == slower
    assert not PeriodicTask.objects.get(name="Removals").enabled


def test_what_is_missing_comes_back():
    PeriodicTask.objects.filter(name="Sweep").delete()

    schedules_seed()
    schedules_seed()

    assert PeriodicTask.objects.filter(name="Sweep").count() == 1


def test_schedules_are_listed_in_the_admin(client):
    client.force_login(User.objects.create_superuser("root", password="not-a-secret-1"))

    page = client.get(reverse("admin:django_celery_beat_periodictask_changelist")).content.decode()

    for one in schedules():
        assert one.name in page
        assert one.task in page
