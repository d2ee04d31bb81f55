"""One id per request: taken from the caller where it is a sane one, in every log line and every answer."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase

SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class RequestIdentity:
    """Stands before every other middleware: what they answer themselves carries the id too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if SANE_ID.fullmatch(sent) else str(uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id  # where django-structlog finds it
        response = self._get_response(request)
        response["X-Request-ID"] = request_id
        return response
