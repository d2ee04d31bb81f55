"""Settings of the benchmark's workers: the product's own, with engines that answer at once."""

import os

from project.settings import *  # noqa: F403

ENGINES = os.environ.get("BENCH_ENGINES", "free")
"""`free`: engines that never charge, as the ones that come with the product; `charging`: as a vendor's."""
SPEECH_ENGINES = [f"benchmarks.engines.speech_{ENGINES}"]
LANGUAGE_ENGINES = [f"benchmarks.engines.language_{ENGINES}"]
INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.apps.BenchmarkConfig"]  # noqa: F405
