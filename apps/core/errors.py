"""Whose problem is it? Every expected failure answers that, and has a stable code.

Anything that is not an `AppError` is a bug: nobody catches it, it reaches the error tracker.
"""

from typing import ClassVar


class AppError(Exception):
    """An expected failure: `detail` is for people, `code` for programs (listed in docs/errors.md)."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, param: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.param = param
        self.retry_after = retry_after
        """Seconds after which a repeat makes sense; None where nobody knows."""


class UserError(AppError):
    """The caller can fix it: 4xx, nobody is paged."""

    code = "invalid_request"
    title = "The request cannot be carried out"
    status = 422


class TransientError(AppError):
    """Not now: the same request may succeed later."""

    code = "temporarily_unavailable"
    title = "Temporarily unavailable"
    status = 503
    retryable = True
    counts: ClassVar[bool] = True
    """False where waiting is all there was: somebody else is at it, or a limit asks for patience."""


class PermanentError(AppError):
    """Never: a repeat would fail in the same way."""

    code = "failed"
    title = "It cannot be done"
    status = 500
