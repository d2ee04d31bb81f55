"""Who owns what: workspaces, people with roles, API keys, what was done by whom, answers to repeated requests."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from apps.accounts.types import Scope
from apps.core.ids import uuid7


class Workspace(models.Model):
    """The tenant: recordings, keys and people belong to one, and nothing crosses."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(
        max_length=63,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Lower-case letters, digits and hyphens.")],
        help_text="Short name for commands: lower-case letters, digits and hyphens.",
    )
    title = models.CharField(max_length=200, blank=True, help_text="What people see.")
    default_language_code = models.CharField(
        max_length=35,
        blank=True,
        help_text="BCP 47, such as en or ru-RU; used where an upload names no language.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title or self.name


class User(AbstractUser):
    """A person. Staff see the workspaces they are members of; superusers see all."""


class Membership(models.Model):
    """A person's role in a workspace."""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer: reads and listens"
        ANALYST = "analyst", "Analyst: uploads, runs, corrects"
        ADMIN = "admin", "Administrator: also deletes, people and keys"

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.VIEWER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "workspace"], name="one_role_per_workspace")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}: {self.role}"


class ApiKey(models.Model):
    """A program's key: only its SHA-256 and a prefix are kept; the key itself is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=[(s.value, s.value) for s in Scope]))
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"


class AuditEntry(models.Model):
    """One thing that somebody did. Written with the change, never edited."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="audit_entries")
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["workspace", "-created_at"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.object_id}"


class IdempotentAnswer(models.Model):
    """The first answer to a request with an Idempotency-Key, repeated to whoever sends the key again."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return self.key
