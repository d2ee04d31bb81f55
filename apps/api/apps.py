from importlib import import_module

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "apps.api"

    def ready(self) -> None:
        """Let drf-spectacular know how callers authenticate and how our own fields look."""
        import_module("apps.api.openapi")
