"""Filters for the templates of the staff pages."""

from collections.abc import Mapping
from typing import Any

from django import template

from apps.analysis.types import Reason
from apps.analysis.wording import ENGLISH
from apps.staff import formats

register = template.Library()


@register.filter
def clock(ms: int) -> str:
    """Return a time in the recording as m:ss."""
    return formats.duration(ms)


@register.filter
def reason(code: str) -> str:
    """Return in words why a quote is unsupported."""
    return ENGLISH.reasons[Reason(code)]


@register.filter
def says_more(finding: Mapping[str, Any]) -> bool:
    """Say whether a finding's text is more than its quote."""
    return [quote["quote"] for quote in finding["evidence"]] != [finding["text"]] and bool(finding["text"])
