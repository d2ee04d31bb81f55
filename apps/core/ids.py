"""Public identifiers: UUIDv7, ordered by the time they were made, so that indexes stay compact."""

from datetime import datetime
from uuid import UUID

from uuid_utils import compat


def uuid7() -> UUID:
    """Return a new time-ordered identifier (RFC 9562, version 7)."""
    return compat.uuid7()


def uuid7_floor(moment: datetime) -> UUID:
    """Return the smallest identifier that can have been made at that time or later: an index over ids tells times."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
