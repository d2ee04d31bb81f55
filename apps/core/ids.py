"""Public identifiers: UUIDv7, ordered by the time they were made, so that indexes stay compact."""

from uuid import UUID

from uuid_utils import compat


def uuid7() -> UUID:
    """Return a new time-ordered identifier (RFC 9562, version 7)."""
    return compat.uuid7()
