"""What all staff pages about one workspace's things share: who sees which rows, and which role may do what."""

from typing import Any, ClassVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db.models import ForeignKey, Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils.html import format_html

from apps.accounts.models import User
from apps.accounts.selectors import Access, Role, access_for
from apps.accounts.types import Actor

_known: WeakKeyDictionary[HttpRequest, Access] = WeakKeyDictionary()


def access_of(request: HttpRequest) -> Access:
    """Return what the person behind the request may do; asked of the database once per request."""
    access = _known.get(request)
    if access is None:
        access = _known[request] = access_for(user=request.user)
    return access


def staff_actor(request: HttpRequest, workspace_id: UUID) -> Actor:
    """Return the person behind the request as the audit log names them."""
    return Actor(workspace_id, f"staff:{cast('User', request.user).get_username()}")


def badge(text: str, tone: str) -> str:
    """Return a small coloured label; a tone is a recording's status, whose colour everybody knows."""
    return format_html('<span class="vp-badge" data-tone="{}">{}</span>', tone, text)


class WorkspaceBound:
    """Mix into a ModelAdmin of a model with a `workspace`.

    Members see their workspaces' rows, superusers all; another workspace's row is 404. Roles, not Django's
    permissions, decide what may be done; a role of None means that nobody may.
    """

    view_role: ClassVar[Role] = Role.VIEWER
    add_role: ClassVar[Role | None] = None
    change_role: ClassVar[Role | None] = None
    delete_role: ClassVar[Role | None] = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        access = access_of(request)
        return rows if access.everywhere else rows.filter(workspace__in=access.workspace_ids(self.view_role))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access_of(request).may(self.view_role)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, self.view_role, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.add_role, None)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, self.change_role, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, self.delete_role, obj)

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any], request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Offer only the workspaces in which the person may add such a thing."""
        if db_field.name == "workspace" and self.add_role is not None:
            kwargs["queryset"] = access_of(request).workspaces(self.add_role)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def _may(self, request: HttpRequest, role: Role | None, obj: Model | None) -> bool:
        workspace_id = None if obj is None else cast("Any", obj).workspace_id
        return role is not None and access_of(request).may(role, workspace_id)

    def _get_obj_does_not_exist_redirect(self, *_: object) -> None:
        raise Http404
