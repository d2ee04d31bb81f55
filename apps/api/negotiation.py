"""Which representation an answer has: ours to say by address and parameters, not the Accept header's."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class IgnoreFormatParameter(DefaultContentNegotiation):
    """`?format=srt` is a parameter of our own, and a player that accepts only audio still gets problems as JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Take the view's first renderer."""
        del request, format_suffix
        first = next(iter(renderers))
        return first, first.media_type or ""
