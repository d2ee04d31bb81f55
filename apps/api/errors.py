"""Every failure under /api/ is answered in one shape: RFC 9457 problem details with a stable code."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults
from rest_framework import exceptions

from apps.accounts.errors import NotAuthenticatedError
from apps.core.errors import AppError, PermanentError, TransientError, UserError
from apps.core.outages import DatabaseUnavailableError
from apps.core.problems import CONTENT_TYPE, SERVER_ERROR, BadRequestError, problem_details

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5
"""After this long a repeat makes sense where something is away and nobody knows for how long."""


class MalformedJsonError(UserError):
    code = "malformed_json"
    title = "The request body is not valid JSON"
    status = 400


class ForbiddenError(UserError):
    code = "forbidden"
    title = "That is not allowed"
    status = 403


class NotFoundError(UserError):
    code = "not_found"
    title = "There is nothing at this address"
    status = 404


class MethodNotAllowedError(UserError):
    code = "method_not_allowed"
    title = "This address does not know that method"
    status = 405


class NotAcceptableError(UserError):
    code = "not_acceptable"
    title = "There is no representation that the Accept header allows"
    status = 406


class AudioNotReadyError(UserError):
    code = "audio_not_ready"
    title = "The audio is not prepared yet"
    status = 404


class PreconditionFailedError(UserError):
    code = "precondition_failed"
    title = "The object has changed since it was read"
    status = 412


class BodyTooLargeError(UserError):
    code = "body_too_large"
    title = "The request body is too large"
    status = 413


class UnsupportedContentTypeError(UserError):
    """The Content-Type header, not the file: see `unsupported_media` for that."""

    code = "unsupported_content_type"
    title = "This Content-Type is not accepted here"
    status = 415


class RangeNotSatisfiableError(UserError):
    code = "range_not_satisfiable"
    title = "The requested range lies outside of the file"
    status = 416


class UnknownFieldError(UserError):
    code = "unknown_field"
    title = "There is no such field"


class InvalidFieldError(UserError):
    code = "invalid_field"
    title = "A field has a value that cannot be accepted"


class UnknownLanguageError(UserError):
    code = "unknown_language"
    title = "This is not a language code of BCP 47"


class RateLimitedError(UserError):
    code = "rate_limited"
    title = "Too many requests"
    status = 429
    retryable = True


class InternalError(PermanentError):
    """A bug on our side: operators are told."""

    code = "internal_error"
    title = "Something went wrong on our side"


class TooManyStreamsError(TransientError):
    code = "too_many_streams"
    title = "Too many event streams are open"


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answer an exception of a REST view; None lets a bug fly to the error tracker and `server_error`."""
    known = as_app_error(error)
    return None if known is None else problem(context["request"], known)


def problem(request: HttpRequest, error: AppError) -> HttpResponse:
    """Write the error as problem details, and what went wrong inside of us into the log."""
    if error.status >= SERVER_ERROR:
        write = log.warning if error.retryable else log.error  # the error tracker hears of errors
        write("request_not_served", code=error.code, reason=error.detail)
    headers = {"Cache-Control": "no-store"}
    retry_after = (
        RETRY_SECONDS if error.retry_after is None and isinstance(error, TransientError) else error.retry_after
    )
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if isinstance(error, NotAuthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    return JsonResponse(
        problem_details(error, request_id=request.META.get("HTTP_X_REQUEST_ID")),
        status=error.status,
        headers=headers,
        content_type=CONTENT_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )


def as_app_error(error: Exception) -> AppError | None:
    """Translate what the frameworks raise into our words; None for a bug."""
    if isinstance(error, AppError):
        return error
    return next((translate(error) for classes, translate in _TRANSLATIONS if isinstance(error, classes)), None)


def _invalid_field(error: Any) -> InvalidFieldError:  # noqa: ANN401 - a ValidationError, whose detail may be nested
    """Name the first wrong field and say what is wrong with it."""
    param, detail = None, error.detail
    while not isinstance(detail, str):
        if isinstance(detail, dict):
            name, detail = next(iter(detail.items()))
            if param is None and name != "non_field_errors":
                param = str(name)
        else:
            detail = next(item for item in detail if item)
    return InvalidFieldError(str(detail), param=param)


_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], AppError]], ...] = (
    ((OperationalError, InterfaceError), lambda _error: DatabaseUnavailableError()),
    (exceptions.ValidationError, _invalid_field),
    (exceptions.ParseError, lambda error: MalformedJsonError(str(error.detail))),
    (exceptions.MethodNotAllowed, lambda error: MethodNotAllowedError(str(error.detail))),
    (exceptions.NotAcceptable, lambda error: NotAcceptableError(str(error.detail))),
    (exceptions.UnsupportedMediaType, lambda error: UnsupportedContentTypeError(str(error.detail))),
    ((exceptions.NotFound, Http404), lambda _error: NotFoundError()),
    ((exceptions.PermissionDenied, PermissionDenied), lambda _error: ForbiddenError()),
    (SuspiciousOperation, lambda _error: BadRequestError()),
)


# --- Django's own handlers, for requests that no REST view saw -----------------------------------------------


def is_for_programs(request: HttpRequest) -> bool:
    """Say whether the caller reads JSON, by the address."""
    return request.path_info.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return problem(request, BadRequestError()) if is_for_programs(request) else defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_for_programs(request):
        return problem(request, ForbiddenError())
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_for_programs(request):
        return problem(request, NotFoundError())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer a bug, or a database that went away outside of a view."""
    if not is_for_programs(request):
        return defaults.server_error(request)
    raised = sys.exc_info()[1]
    known = as_app_error(raised) if isinstance(raised, Exception) else None
    return problem(request, known or InternalError())


def no_such_address(_request: HttpRequest, **_address: str) -> HttpResponse:
    """Catch what no route under /api/ knows, so that it is never redirected or answered with a page."""
    raise Http404
