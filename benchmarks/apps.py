"""Puts the control's tasks and the instant steps in place once the models are loaded."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class BenchmarkConfig(AppConfig):
    name = "benchmarks"

    def ready(self) -> None:
        """Load what the benchmark's workers need beside the product."""
        import_module("benchmarks.control")
        if settings.STEPS == "instant":
            import_module("benchmarks.instant")
