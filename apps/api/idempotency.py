"""Idempotency-Key: a request that is sent again gets the first answer, and nothing is done twice."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.models import IdempotentAnswer
from apps.api.errors import InvalidFieldError

HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that can be kept and given again, to the byte."""

    status: int
    headers: Mapping[str, str]
    body: str
    """JSON."""
    replayed: bool = False

    def response(self) -> HttpResponse:
        headers = dict(self.headers)
        if self.replayed:
            headers["Idempotency-Replayed"] = "true"
        return HttpResponse(self.body, status=self.status, headers=headers, content_type="application/json")


def idempotency_key(request: Request) -> str | None:
    """Return the request's key, None where it has none. Raises InvalidFieldError."""
    key: str | None = request.headers.get(HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= KEY_LENGTH_MAX or not key.isascii() or not key.isprintable():
        raise InvalidFieldError(f"A key has 1 to {KEY_LENGTH_MAX} printable ASCII characters.", param=HEADER)
    return key


def fingerprint(**parts: Any) -> str:
    """Return what tells two requests apart: content and normalised fields, never how they were framed."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def replay(kept: IdempotentAnswer) -> Answer:
    """Return the kept answer as one to give again."""
    return Answer(status=kept.status, headers=kept.headers, body=kept.body, replayed=True)
