"""Workspaces, API keys, the audit log, repeated requests."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.errors import (
    IdempotencyConflictError,
    NotAuthenticatedError,
    RequestRunningError,
    UnknownScopeError,
    UnknownWorkspaceError,
    WorkspaceExistsError,
)
from apps.accounts.models import ApiKey, AuditEntry, IdempotentAnswer, Membership, User, Workspace
from apps.accounts.types import Actor, Scope
from apps.core.errors import UserError

KEY_MARK = "vox_"
KEY_BYTES = 32
"""Random bytes in a key: with this much chance a plain SHA-256 is as good as a slow hash."""

LAST_USED_EVERY = timedelta(minutes=1)
"""`last_used_at` is exact to this, so that a busy key does not write a row per request."""

USABLE_KEY = """
    SELECT *, last_used_at IS NULL OR last_used_at < statement_timestamp() - %s AS is_stale
    FROM accounts_apikey
    WHERE digest = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
"""
"""Every request asks this, so it is written out: putting it together took four times as long as answering it."""


def workspace_create(*, name: str, title: str = "") -> Workspace:
    """Make a workspace. Raises WorkspaceExistsError, or UserError for a name that commands could not use."""
    workspace = Workspace(name=name, title=title)
    try:
        workspace.full_clean(validate_unique=False)
    except ValidationError as error:
        raise UserError("; ".join(error.messages), param="name") from error
    if Workspace.objects.filter(name=name).exists():
        raise WorkspaceExistsError(f"A workspace named {name} exists already.", param="name")
    workspace.save(force_insert=True)
    return workspace


def workspace_get(*, name: str) -> Workspace:
    """Return the workspace of that name. Raises UnknownWorkspaceError."""
    try:
        return Workspace.objects.get(name=name)
    except Workspace.DoesNotExist as error:
        raise UnknownWorkspaceError(f"There is no workspace named {name}.") from error


@transaction.atomic
def api_key_create(
    *,
    workspace: Workspace,
    name: str,
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    created_by: User | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret text, which cannot be had again. No scopes means all of them."""
    wanted = [scope.value for scope in Scope] if scopes is None else list(scopes)
    unknown = set(wanted) - {scope.value for scope in Scope}
    if unknown or not wanted:
        known = " ".join(scope.value for scope in Scope)
        raise UnknownScopeError(f"Unknown scopes: {' '.join(sorted(unknown))}. Known: {known}.", param="scopes")
    text = KEY_MARK + secrets.token_urlsafe(KEY_BYTES)
    key = ApiKey.objects.create(
        workspace=workspace,
        name=name,
        prefix=text[:12],
        digest=_digest(text),
        scopes=wanted,
        expires_at=expires_at,
        created_by=created_by,
    )
    actor = Actor(workspace.pk, f"staff:{created_by.get_username()}" if created_by else "command line")
    audit(actor=actor, action="api_key.create", object_id=key.pk, details={"name": name, "scopes": wanted})
    return key, text


def api_key_authenticate(*, text: str) -> ApiKey:
    """Return the usable key with that text. Raises NotAuthenticatedError, with the same words in every case."""
    for key in ApiKey.objects.raw(USABLE_KEY, [LAST_USED_EVERY, _digest(text)]):
        if key.is_stale:  # type: ignore[attr-defined]  # named in the statement
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=Now())
        return key
    raise NotAuthenticatedError


@transaction.atomic
def api_key_revoke(*, key: ApiKey, actor: Actor) -> None:
    """End a key at once; revoking it again changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
        audit(actor=actor, action="api_key.revoke", object_id=key.pk)


@transaction.atomic
def membership_save(*, membership: Membership, actor: Actor) -> None:
    """Give a person a role in a workspace, or another one."""
    membership.save()
    _audit_membership("membership.save", membership, actor)


@transaction.atomic
def membership_remove(*, membership: Membership, actor: Actor) -> None:
    """Take a person out of a workspace; what they did stays."""
    _audit_membership("membership.remove", membership, actor)
    membership.delete()


def _audit_membership(action: str, membership: Membership, actor: Actor) -> None:
    details = {"username": membership.user.get_username(), "role": membership.role}
    audit(actor=actor, action=action, object_id=str(membership.user_id), details=details)


def audit(*, actor: Actor, action: str, object_id: UUID | str = "", details: dict[str, Any] | None = None) -> None:
    """Note that somebody did something, in the transaction of the change itself."""
    AuditEntry.objects.create(
        workspace_id=actor.workspace_id,
        actor=actor.name,
        action=action,
        object_id=str(object_id),
        details=details or {},
    )


@contextmanager
def idempotency_lock(*, workspace_id: UUID, key: str) -> Iterator[IdempotentAnswer | None]:
    """Hold the key while its request runs, and give the earlier answer if there is one that still counts.

    The lock is the database session's: when the process dies the key is free again, nothing to clean up.
    Raises RequestRunningError while another request holds it.
    """
    number = int.from_bytes(hashlib.sha256(f"{workspace_id}/{key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        (held,) = cursor.fetchone()
        if not held:
            raise RequestRunningError(retry_after=2)
        try:
            fresh = Q(created_at__gte=Now() - settings.IDEMPOTENCY_KEY_LIFETIME)
            yield IdempotentAnswer.objects.filter(fresh, workspace_id=workspace_id, key=key).first()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def idempotent_answer_check(*, answer: IdempotentAnswer, fingerprint: str) -> None:
    """Raise IdempotencyConflictError when the key came with another request the first time."""
    if answer.fingerprint != fingerprint:
        raise IdempotencyConflictError(param="Idempotency-Key")


def idempotent_answer_save(*, answer: IdempotentAnswer) -> None:
    """Keep the first answer, in the transaction of what it tells; an expired one under the same key goes."""
    IdempotentAnswer.objects.bulk_create(
        [answer],
        update_conflicts=True,
        unique_fields=["workspace", "key"],
        update_fields=["fingerprint", "status", "headers", "body", "created_at"],
    )


def idempotent_answers_expire(*, older_than: timedelta) -> int:
    """Forget answers that nobody will ask for any more; returns how many."""
    count, _ = IdempotentAnswer.objects.filter(created_at__lt=Now() - older_than).delete()
    return count


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
