"""Makes every room's tasks known to every process, so that services can send them by name."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "apps.core"

    def ready(self) -> None:
        """Import the `tasks` module of each room."""
        autodiscover_modules("tasks")
