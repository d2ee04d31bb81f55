"""Loads the Celery application wherever Django starts, so that every process can send tasks by name."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class ProjectConfig(AppConfig):
    name = "project"

    def ready(self) -> None:
        """Make the Celery application the current one, and start error tracking where it is configured."""
        import_module("project.celery").app.set_current()
        if settings.SENTRY_DSN:
            import_module("project.sentry").start()
