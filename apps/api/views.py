"""What all addresses for programs have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.types import Scope
from apps.api.authentication import key_of
from apps.api.fields import NoFields, StrictSerializer, checked_fields


class ApiView(APIView):
    """A view names the scope that each method needs, and the query fields that it takes."""

    required_scopes: ClassVar[Mapping[str, Scope]]
    queries: ClassVar[Mapping[str, type[StrictSerializer] | None]] = {}
    """By method: what the query may hold, nothing by default; None where the view itself looks at it."""

    query: dict[str, Any]
    """The checked values of the query."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, authorise and count the request, then check its query."""
        super().initial(request, *args, **kwargs)
        self.workspace_id = key_of(request).workspace_id
        serializer = self.queries.get("GET" if request.method == "HEAD" else request.method or "", NoFields)
        if serializer is not None:
            self.query = checked_fields(serializer, query_fields(request))


def query_fields(request: Request) -> dict[str, list[str]]:
    """Return the query's fields with all their values."""
    return {name: list(values) for name, values in request.query_params.lists()}
