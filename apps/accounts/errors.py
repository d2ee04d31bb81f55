"""What can be wrong with a caller's identity or rights."""

from apps.core.errors import UserError


class NotAuthenticatedError(UserError):
    code = "not_authenticated"
    title = "A valid API key is needed"
    status = 401


class InsufficientScopeError(UserError):
    code = "insufficient_scope"
    title = "This API key may not do that"
    status = 403


class UnknownWorkspaceError(UserError):
    code = "unknown_workspace"
    title = "There is no such workspace"
    status = 404


class UnknownScopeError(UserError):
    code = "unknown_scope"
    title = "There is no such scope"


class WorkspaceExistsError(UserError):
    code = "workspace_exists"
    title = "A workspace of that name exists already"
    status = 409


class IdempotencyConflictError(UserError):
    code = "idempotency_conflict"
    title = "This Idempotency-Key was used for another request"


class RequestRunningError(UserError):
    code = "request_running"
    title = "The first request with this Idempotency-Key is still running"
    status = 409
    retryable = True
