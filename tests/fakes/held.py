"""Settings of workers that tests start: preparing a recording waits until the test lets it go on.

The preparation makes the file `$HELD/<stage>.begun` and goes on when there is `$HELD/go`.
"""

import os
import time
from pathlib import Path

from django.apps import AppConfig

from project.settings_test import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.fakes.held.HeldConfig"]  # noqa: F405
SPEECH_ENGINES = ["tests.fakes.engines.build_speech"]
LANGUAGE_ENGINES = ["tests.fakes.engines.build_language"]


class HeldConfig(AppConfig):
    name = "tests.fakes"

    def ready(self) -> None:
        from apps.pipeline.models import Kind  # noqa: PLC0415 - models are loaded by now
        from apps.pipeline.steps import STEPS  # noqa: PLC0415

        real = STEPS[Kind.PREPARE]

        class HeldPrepare:
            def compute(self, claim):
                folder = Path(os.environ["HELD"])
                (folder / f"{claim.stage.pk}.begun").touch()
                while not (folder / "go").exists():
                    time.sleep(0.02)
                return real.compute(claim)

        STEPS[Kind.PREPARE] = HeldPrepare()
