"""Words about access that need no database."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    UPLOAD = "upload"
    PROCESS = "process"
    EXPORT = "export"
    DELETE = "delete"
    WEBHOOKS = "webhooks"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something in a workspace; the name goes into the audit log."""

    workspace_id: UUID
    name: str
