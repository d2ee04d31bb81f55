"""Fields of requests. A wrong value or an unknown name is answered with 422: a typo must not cost money."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import langcodes
from rest_framework import serializers

from apps.api.errors import InvalidFieldError, UnknownFieldError, UnknownLanguageError
from apps.core.names import display_name, visible_text

METADATA_BYTES_MAX = 16 * 1024
TITLE_LENGTH_MAX = 300
LANGUAGE_LENGTH_MAX = 35

NO_LANGUAGE = {"mis", "mul", "und", "zxx"}
"""Codes that say "some language", "several", "unknown", "none": leaving the field out says it better."""


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - whatever the body is
        """Return the checked values. Raises UnknownFieldError, or a ValidationError that names the field."""
        if not isinstance(data, Mapping):
            raise InvalidFieldError("The body must be a JSON object.")
        for name in data:
            if name not in self.fields:
                raise UnknownFieldError(f"There is no field {name!r} here.", param=str(name))
        return super().to_internal_value(data)


class LanguageField(serializers.CharField):
    """A language as BCP 47 writes it, normalised: `ru_ru` becomes `ru-RU`. None and "" where null is allowed."""

    def to_internal_value(self, data: Any) -> str:  # noqa: ANN401
        """Raise UnknownLanguageError for anything that names no language."""
        text = super().to_internal_value(data)
        try:
            tag = str(langcodes.standardize_tag(text)) if langcodes.tag_is_valid(text) else ""
        except ValueError:
            tag = ""
        primary = tag.split("-", 1)[0]
        if not tag or primary in {"x", *NO_LANGUAGE} or len(tag) > LANGUAGE_LENGTH_MAX:
            raise UnknownLanguageError(f"{display_name(text)!r} names no language.", param=self.field_name)
        return tag


class TitleField(serializers.CharField):
    """One line for people; what could hide or reorder characters is written out."""

    def to_internal_value(self, data: Any) -> str:  # noqa: ANN401
        """Return display text of 300 characters at most."""
        title = visible_text(super().to_internal_value(data))
        if len(title) > TITLE_LENGTH_MAX:
            raise serializers.ValidationError(f"A title may have {TITLE_LENGTH_MAX} characters at most.")
        return title


class FilenameField(serializers.CharField):
    """A file name as display text; never a path or a key."""

    def to_internal_value(self, data: Any) -> str:  # noqa: ANN401
        """Return display text; a long name loses its middle."""
        return display_name(super().to_internal_value(data))


class MetadataField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object that is kept and echoed: text of JSON in forms and queries, the object itself in JSON bodies."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the object. Whatever the database could not give back unchanged is refused."""
        parsed = self._parsed(data) if isinstance(data, str) else data
        if not isinstance(parsed, dict):
            self._refuse("This must be a JSON object.")
        try:
            text = json.dumps(parsed, ensure_ascii=False, separators=(",", ":")).encode()
        except (UnicodeEncodeError, RecursionError):
            self._refuse("This holds half characters (lone surrogates) or is nested too deeply.")
        if len(text) > METADATA_BYTES_MAX:
            self._refuse(f"This may have {METADATA_BYTES_MAX} bytes at most.")
        for value in _leaves(parsed):
            if isinstance(value, str) and "\x00" in value:
                self._refuse("The character NUL cannot be kept.")
            if isinstance(value, float) and not math.isfinite(value):
                self._refuse("Numbers must be finite.")
        return parsed

    def to_representation(self, value: Any) -> Any:  # noqa: ANN401
        return value

    def _parsed(self, text: str) -> Any:  # noqa: ANN401
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            self._refuse("This is not valid JSON.")

    def _refuse(self, detail: str) -> NoReturn:
        raise serializers.ValidationError(detail)


def _leaves(value: Any) -> Iterable[Any]:  # noqa: ANN401
    """Yield keys and values at every depth."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def checked_fields(serializer: type[StrictSerializer], fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """Check the fields of a query or a form and return their values; only a list may be given more than once.

    A list is written `name=a&name=b` or `name[]=a&name[]=b`.
    """
    plain: dict[str, Any] = {}
    bound = serializer(data=plain)
    lists = {name for name, field in bound.fields.items() if isinstance(field, serializers.ListField)}
    for name, values in fields.items():
        short = name.removesuffix("[]")
        if short in lists:
            plain.setdefault(short, []).extend(values)
        elif len(values) > 1:
            raise InvalidFieldError("This may be given once only.", param=name)
        else:
            plain[name] = values[0]
    return _checked(bound)


def checked(serializer: type[StrictSerializer], data: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the body is
    """Check a JSON body and return its values. Raises UserErrors, and ValidationErrors that name the field."""
    return _checked(serializer(data=data))


def _checked(bound: StrictSerializer) -> dict[str, Any]:
    bound.is_valid(raise_exception=True)
    values: dict[str, Any] = bound.validated_data
    return values


class NoFields(StrictSerializer):
    """A request that says all in its address."""
