"""Entrances for the workers."""

from celery import shared_task
from django.conf import settings

from apps.accounts import services


@shared_task(name="accounts.idempotent_answers_expire", soft_time_limit=60, time_limit=90)
def idempotent_answers_expire(**_newer_arguments: object) -> None:
    """Forget answers to repeated requests that are older than the promised lifetime."""
    services.idempotent_answers_expire(older_than=settings.IDEMPOTENCY_KEY_LIFETIME)
