"""Registers the checks of the pipeline's times and seeds its schedules."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PipelineConfig(AppConfig):
    name = "apps.pipeline"

    def ready(self) -> None:
        """Models are loaded from here on."""
        import_module("apps.pipeline.checks")
        schedules = import_module("apps.pipeline.schedules")
        post_migrate.connect(schedules.schedules_seed, sender=self, dispatch_uid="schedules_seed")
