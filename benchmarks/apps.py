"""Puts the control's tasks and the instant steps in place once the models are loaded."""

import os
from importlib import import_module

from django.apps import AppConfig


class BenchmarkConfig(AppConfig):
    name = "benchmarks"

    def ready(self) -> None:
        """Load what the benchmark's workers need beside the product."""
        import_module("benchmarks.control")
        # `instant`: nothing is downloaded, decoded or uploaded; `real`: everything but the engine is the product's own.
        if os.environ.get("BENCH_STEPS", "instant") == "instant":
            import_module("benchmarks.instant")
