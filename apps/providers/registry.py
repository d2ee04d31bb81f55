"""Which engines there are, in the order in which they are asked.

A builder is a function `build(*, timeout_seconds) -> engine`, named by its dotted path in `settings.SPEECH_ENGINES`
or `settings.LANGUAGE_ENGINES`. An engine is a file in `adapters/` and a line there.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from apps.providers.types import Engine, LanguageEngine, Operation, SpeechEngine


def speech_engines() -> tuple[SpeechEngine, ...]:
    return tuple(_build(path, settings.PROVIDER_TIMEOUT_SECONDS) for path in settings.SPEECH_ENGINES)


def language_engines() -> tuple[LanguageEngine, ...]:
    return tuple(_build(path, settings.PROVIDER_TIMEOUT_SECONDS) for path in settings.LANGUAGE_ENGINES)


def engines(operation: Operation) -> tuple[Engine, ...]:
    """Describe the engines of an operation; none where we have no such operation yet."""
    found: dict[Operation, Iterable[SpeechEngine | LanguageEngine]] = {
        Operation.STT: speech_engines(),
        Operation.LLM: language_engines(),
    }
    return tuple(item.engine for item in found.get(operation, ()))


@lru_cache(maxsize=64)
def _build(path: str, timeout_seconds: int) -> Any:  # noqa: ANN401 - what a builder returns is seen in its file
    return import_string(path)(timeout_seconds=timeout_seconds)
