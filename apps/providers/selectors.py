"""Questions about engines and calls."""

from uuid import UUID

from apps.providers import registry
from apps.providers.models import ProviderCall, ProviderCallQuerySet
from apps.providers.types import Engine, LanguageEngine, Operation, SpeechEngine


def engines_for(*, operation: Operation, language_code: str | None) -> list[Engine]:
    """Engines that can serve a language, in the order in which they are asked; empty: none can."""
    return [engine for engine in registry.engines(operation) if engine.understands(language_code)]


def speech_candidates(*, language_code: str | None) -> list[SpeechEngine]:
    return [item for item in registry.speech_engines() if item.engine.understands(language_code)]


def language_candidates(*, task: str, language_code: str) -> list[LanguageEngine]:
    return [
        item
        for item in registry.language_engines()
        if item.engine.understands(language_code) and item.engine.performs(task)
    ]


def calls_of(*, workspace_id: UUID, subject_id: UUID) -> ProviderCallQuerySet:
    """Ledger rows of one subject, the oldest first."""
    calls = ProviderCall.objects.filter(workspace_id=workspace_id, subject_id=subject_id)
    return calls.defer("raw_answer").order_by("started_at", "pk")
