"""Questions about who may do what where."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from apps.accounts.models import Membership, User, Workspace

Role = Membership.Role

_RANKS = {Role.VIEWER: 1, Role.ANALYST: 2, Role.ADMIN: 3}
"""A higher role may do all that a lower one may."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one person may do: everything (superusers), or by role in each workspace."""

    everywhere: bool
    roles: Mapping[UUID, Role]

    def may(self, role: Role, workspace_id: UUID | None = None) -> bool:
        """Say whether the person has at least this role in the workspace; without one: in any workspace."""
        if self.everywhere:
            return True
        held = self.roles.values() if workspace_id is None else [self.roles.get(workspace_id)]
        return any(one is not None and _RANKS[one] >= _RANKS[role] for one in held)

    def workspace_ids(self, role: Role = Role.VIEWER) -> list[UUID]:
        """Return the workspaces in which the person was given at least this role. Ask `everywhere` first."""
        return [workspace_id for workspace_id in self.roles if self.may(role, workspace_id)]

    def workspaces(self, role: Role = Role.VIEWER) -> QuerySet[Workspace]:
        """Return the workspaces in which the person may act with this role, by name."""
        found = Workspace.objects.order_by("name")
        return found if self.everywhere else found.filter(pk__in=self.workspace_ids(role))


def access_for(*, user: User | AnonymousUser) -> Access:
    """Return what the person may do, in one query; a superuser's costs none."""
    if isinstance(user, AnonymousUser) or not user.is_active:
        return Access(everywhere=False, roles={})
    if user.is_superuser:
        return Access(everywhere=True, roles={})
    rows = Membership.objects.filter(user=user).values_list("workspace_id", "role")
    return Access(everywhere=False, roles={workspace_id: Role(role) for workspace_id, role in rows})
