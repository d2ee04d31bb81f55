"""Errors as RFC 9457 problem details, for whoever answers: the views, or the web server before any view."""

from typing import Any

from apps.core.errors import AppError, UserError

CONTENT_TYPE = "application/problem+json"
SERVER_ERROR = 500


class BadRequestError(UserError):
    code = "bad_request"
    title = "The request cannot be understood"
    status = 400


class AddressTooLongError(UserError):
    code = "address_too_long"
    title = "The address with its query is too long"
    status = 414


class HeadersTooLargeError(UserError):
    code = "headers_too_large"
    title = "The request headers are too many or too long"
    status = 431


def problem_details(error: AppError, *, request_id: str | None) -> dict[str, Any]:
    """Return the fields of a problem. What went wrong inside of us is for the log, not for the caller."""
    return {
        "type": f"/docs/errors#{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.title if error.status >= SERVER_ERROR else error.detail,
        "code": error.code,
        "param": error.param,
        "request_id": request_id,
        "retryable": error.retryable,
    }
