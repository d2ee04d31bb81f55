"""Settings of the benchmark's workers: the product's own, with engines that answer at once."""

from project.settings import *  # noqa: F403

SPEECH_ENGINES = ["tests.fakes.engines.build_speech"]
LANGUAGE_ENGINES = ["tests.fakes.engines.build_language"]
INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.apps.InstantConfig"]  # noqa: F405
