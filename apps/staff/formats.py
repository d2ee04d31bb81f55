"""Numbers as people read them."""

from datetime import datetime, timedelta

from django.utils import timezone

SECOND_MS = 1000
_SIZES = (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024))


def duration(ms: int | None) -> str:
    """Return h:mm:ss, or m:ss below an hour, as the player counts; a dash where it is not known."""
    if ms is None:
        return "\N{EN DASH}"
    minutes, seconds = divmod(ms // SECOND_MS, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def span(ms: int) -> str:
    """Return a long time in words: `3 h 20 min`, `12 min`, `40 s`."""
    minutes, seconds = divmod(round(ms / SECOND_MS), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def size(count: int) -> str:
    """Return a number of bytes with a unit."""
    for unit, factor in _SIZES:
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def ago(moment: datetime) -> str:
    """Return how long ago in one rough word pair; a date after a week."""
    passed = timezone.now() - moment
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h ago"
    if passed < timedelta(days=7):
        return f"{passed.days} d ago"
    return f"{moment:%Y-%m-%d}"


def percent(part: int, whole: int) -> int:
    """Return a share rounded down, so that 100 is only said of all of it."""
    return min(100, part * 100 // whole) if whole else 0
