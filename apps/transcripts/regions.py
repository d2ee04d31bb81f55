"""Sets of time: sorted regions that neither overlap nor touch. Everything here is linear after one sort."""

from collections.abc import Iterable, Sequence

from apps.transcripts.types import Region


def union(regions: Iterable[Region]) -> list[Region]:
    """Return the same time as few regions as possible; empty and backward ones vanish."""
    merged: list[Region] = []
    for region in sorted(one for one in regions if one.end_ms > one.start_ms):
        if merged and region.start_ms <= merged[-1].end_ms:
            merged[-1] = Region(merged[-1].start_ms, max(merged[-1].end_ms, region.end_ms))
        else:
            merged.append(region)
    return merged


def difference(regions: Sequence[Region], removed: Sequence[Region]) -> list[Region]:
    """Return what of `regions` lies outside `removed`; both must be unions."""
    left: list[Region] = []
    index = 0
    for region in regions:
        start = region.start_ms
        while index < len(removed) and removed[index].start_ms < region.end_ms:
            if removed[index].start_ms > start:
                left.append(Region(start, removed[index].start_ms))
            start = max(start, removed[index].end_ms)
            if removed[index].end_ms > region.end_ms:
                break  # it may reach into the next region too
            index += 1
        if start < region.end_ms:
            left.append(Region(start, region.end_ms))
    return left


def clipped(regions: Iterable[Region], start_ms: int, end_ms: int) -> list[Region]:
    """Return the part of the regions inside a window, in their order."""
    inside = (Region(max(one.start_ms, start_ms), min(one.end_ms, end_ms)) for one in regions)
    return [one for one in inside if one.end_ms > one.start_ms]


def total_ms(regions: Iterable[Region]) -> int:
    return sum(one.end_ms - one.start_ms for one in regions)
