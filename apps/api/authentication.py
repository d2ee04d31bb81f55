"""Programs show an API key in the Authorization header; a key's scopes say what it may do. Sessions do not count."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ImproperlyConfigured
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts import services as accounts
from apps.accounts.errors import InsufficientScopeError, NotAuthenticatedError
from apps.accounts.models import ApiKey
from apps.accounts.types import Actor, Scope

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it reads its defaults, this module among them, while it is imported

KEY_LIKE = re.compile(r"vox_[A-Za-z0-9_-]{20,}")


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer vox_...`; request.auth is the key, request.user is nobody."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey]:
        """Return the request's key. Raises NotAuthenticatedError."""
        if any(KEY_LIKE.search(value) for values in request.query_params.lists() for value in values[1]):
            raise NotAuthenticatedError("A key in the address ends up in logs: send it in the Authorization header.")
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise NotAuthenticatedError("Send the header: Authorization: Bearer vox_...")
        return None, accounts.api_key_authenticate(text=text.strip())

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """The key has the scope that the view's `required_scopes` names for the method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Raise InsufficientScopeError, which names the scope."""
        required = required_scope(view, request.method or "")
        if required is not None and required not in key_of(request).scopes:
            raise InsufficientScopeError(f"This needs a key with the scope {required}.")
        return True


def required_scope(view: "APIView", method: str) -> Scope | None:
    """Return what a method needs; None where the view has no such method, which is answered with 405."""
    scopes: Mapping[str, Scope] = getattr(view, "required_scopes", {})
    asked = "GET" if method == "HEAD" else method
    if asked in scopes:
        return scopes[asked]
    if asked != "OPTIONS" and hasattr(view, asked.lower()):
        message = f"{type(view).__name__} does not say which scope {asked} needs"
        raise ImproperlyConfigured(message)
    return None


def key_of(request: Request) -> ApiKey:
    """Return the key that an authenticated request came with."""
    return cast("ApiKey", cast("Any", request).auth)


def actor_of(request: Request) -> Actor:
    """Return who asks, for services and the audit log."""
    key = key_of(request)
    return Actor(workspace_id=key.workspace_id, name=f"API key {key}")
