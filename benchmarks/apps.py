"""Puts the instant steps in place once the models are loaded."""

from importlib import import_module

from django.apps import AppConfig


class InstantConfig(AppConfig):
    name = "benchmarks"

    def ready(self) -> None:
        """Load the tasks and steps of the benchmark."""
        import_module("benchmarks.instant")
