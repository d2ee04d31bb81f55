"""The analyst that needs no vendor: simple published algorithms, in this process."""

import threading
from dataclasses import dataclass

from apps.providers.adapters.drafts import draft_dump, draft_load
from apps.providers.errors import EngineStoppedError
from apps.providers.local_analyst.report import REPORTS, report_write
from apps.providers.local_analyst.wording import WORDINGS
from apps.providers.types import Answer, Draft, Engine, LanguageRequest, Operation, Usage

LOCAL_ANALYST = Engine(
    operation=Operation.LLM,
    provider="local",
    model="lexrank-rake",
    version="1",
    languages=frozenset(WORDINGS),
    tasks=frozenset(REPORTS),
    charges=False,
)


@dataclass(frozen=True, slots=True)
class LocalAnalyst:
    engine: Engine = LOCAL_ANALYST

    def ask(self, request: LanguageRequest, *, stop: threading.Event | None = None) -> Answer:
        if stop is not None and stop.is_set():
            raise EngineStoppedError
        characters = sum(len(line.text) for line in request.lines)
        return Answer(raw=draft_dump(report_write(request)), usage=Usage(characters=characters))

    def read(self, answer: Answer, request: LanguageRequest) -> Draft:  # noqa: ARG002 - the protocol's signature
        return draft_load(answer.raw)


def build(*, timeout_seconds: float) -> LocalAnalyst:  # noqa: ARG001 - seconds of work at most, whatever the text
    return LocalAnalyst()
