"""A draft as JSON and back: the shape in which language models answer and answers are kept."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from apps.providers.errors import EngineAnswerError
from apps.providers.types import Claim, Draft, Quote


def draft_dump(draft: Draft) -> dict[str, Any]:
    return asdict(draft)


def draft_load(data: Mapping[str, Any]) -> Draft:
    """Read a draft. Raises EngineAnswerError where a field is missing or of another kind."""
    return Draft(
        title=_text(data, "title"),
        text=_text(data, "text"),
        claims=tuple(_claim(item) for item in _items(data, "claims")),
        totals=_mapping(data.get("totals", {}), "totals"),
    )


def _claim(data: Mapping[str, Any]) -> Claim:
    return Claim(
        title=_text(data, "title"),
        text=_text(data, "text"),
        category=_text(data, "category"),
        quotes=tuple(_quote(item) for item in _items(data, "quotes")),
    )


def _quote(data: Mapping[str, Any]) -> Quote:
    speaker, line = data.get("speaker"), data.get("line")
    if not (speaker is None or isinstance(speaker, str)) or not (line is None or isinstance(line, int)):
        raise EngineAnswerError("A quote's speaker or line is of the wrong kind")
    return Quote(_text(data, "text"), speaker, line)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise EngineAnswerError(f"{name} is no text")
    return value


def _items(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = data.get(name)
    if not isinstance(value, (list, tuple)):
        raise EngineAnswerError(f"{name} is no list")
    return [_mapping(item, name) for item in value]


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise EngineAnswerError(f"{name} is no object")
    return cast("dict[str, Any]", value)
