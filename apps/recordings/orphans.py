"""Files that no recording knows: a web process was killed between storing one and noting it, or the database went away.

Only what is certainly ours and certainly left behind goes: a folder of an existing workspace, named by a recording's
id, without that recording, in which everything is old. A recording is noted within moments of its file.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from apps.accounts.models import Workspace
from apps.core import storage
from apps.recordings.models import Recording, object_prefix

log = structlog.get_logger(__name__)

LEFT_AFTER = timedelta(hours=24)

REMOVED_MAX = 1000
"""Recordings whose files are removed in one pass. More than a few are no accident: somebody should look first."""


def orphans_remove(*, now: datetime, removed_max: int = REMOVED_MAX) -> int:
    """Remove files of recordings that do not exist, last written 24 hours before `now` or earlier; returns of how many.

    Raises StorageUnavailableError: the next pass goes on.
    """
    removed = 0
    for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True):
        for names in storage.folders(f"{workspace_id}/"):
            for recording_id in _unknown(names):
                if removed == removed_max:
                    log.warning("orphans_left_for_next_pass", removed=removed)
                    return removed
                removed += _remove(object_prefix(workspace_id, recording_id), before=now - LEFT_AFTER)
    return removed


def _unknown(names: list[str]) -> list[UUID]:
    """Return the names that are ids without a recording, in any workspace."""
    ids = {UUID(name) for name in names if _is_id(name)}
    return sorted(ids - set(Recording.objects.filter(pk__in=ids).values_list("pk", flat=True)))


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _remove(prefix: str, *, before: datetime) -> bool:
    written_at = storage.last_written_at(prefix)
    if written_at is None or written_at >= before:
        return False
    count = storage.delete_prefix(prefix)
    log.warning("orphan_removed", prefix=prefix, objects=count, written_at=written_at.isoformat())
    return True
