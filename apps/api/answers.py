"""JSON answers, and those that need not be sent again."""

import hashlib
from typing import Any

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

NOT_MODIFIED = 304


def json_text(data: Any) -> str:  # noqa: ANN401 - serialised
    """Return the data as JSON."""
    rendered: bytes = JSONRenderer().render(data)
    return rendered.decode()


def etag_of(text: str) -> str:
    """Return a weak tag of a representation."""
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def json_answer(request: Request, data: Any) -> HttpResponse:  # noqa: ANN401
    """Answer with JSON and its tag, or with 304 to somebody who has exactly that."""
    text = json_text(data)
    return tagged_answer(request, text, content_type="application/json")


def tagged_answer(request: Request, text: str, *, content_type: str) -> HttpResponse:
    """Answer with text and its tag, or with 304 to somebody who has exactly that."""
    tag = etag_of(text)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag_matches(request.headers.get("If-None-Match", ""), tag):
        return HttpResponse(status=NOT_MODIFIED, headers=headers, content_type=content_type)
    return HttpResponse(text, headers=headers, content_type=content_type)


def tag_matches(header: str, tag: str) -> bool:
    """Compare weakly: what matters is the same content, not the same bytes on the wire."""
    tags = {item.strip().removeprefix("W/") for item in header.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
