"""Decide where a recording is cut into chunks. Nothing but numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from apps.recordings.media.types import Region

PAD_MS = 300
"""Silence kept at both ends of a chunk: engines lose words that begin with the sound."""
GOOD_PAUSE_MS = 500
"""A pause of this length hardly ever falls within a word or a short phrase."""
LONG_SILENCE_MS = 8_000
"""Silence as long as this is not sent: it would be paid for, and engines invent words in it."""
BYTES_PER_MS = 33
"""What 16 kHz mono FLAC never exceeds: its samples and its own headers."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one channel, with speech in it and silence at its ends."""

    index: int
    channel: int
    start_ms: int
    end_ms: int
    speech_ms: int


def plan_chunks(
    speech: Sequence[Sequence[Region]],
    duration_ms: int,
    *,
    target_ms: int,
    max_ms: int,
    max_bytes: int | None = None,
) -> tuple[Chunk, ...]:
    """Cut the speech of each channel into chunks, in the order of their start.

    A chunk ends in the first good pause after `target_ms`, else in the longest there is, and never lasts longer than
    `max_ms` or takes more than `max_bytes` as FLAC. Every moment of speech lies in exactly one chunk of its channel,
    and chunks of a channel do not overlap. No speech, no chunks.
    """
    longest = max_ms if max_bytes is None else min(max_ms, max_bytes // BYTES_PER_MS)
    if longest < 1:
        raise ValueError("a chunk must be able to hold something")
    cut = [
        (channel, span)
        for channel, regions in enumerate(speech)
        for span in _padded(_spans(regions, min(target_ms, longest), longest), duration_ms, longest)
    ]
    cut.sort(key=lambda item: (item[1].start_ms, item[0]))
    return tuple(
        Chunk(index, channel, span.start_ms, span.end_ms, span.speech_ms) for index, (channel, span) in enumerate(cut)
    )


@dataclass(frozen=True, slots=True)
class _Span:
    start_ms: int
    end_ms: int
    speech_ms: int


def _spans(regions: Sequence[Region], target_ms: int, longest: int) -> list[_Span]:
    """Group the regions: each group fits, with its padding where there is room for it."""
    room = max(longest - 2 * PAD_MS, longest // 2, 1)
    waiting = [part for region in regions for part in _fitting(region, room)]
    spans, first = [], 0
    while first < len(waiting):
        end = _group_end(waiting, first, min(target_ms, room), room)
        group = waiting[first:end]
        spans.append(_Span(group[0].start_ms, group[-1].end_ms, sum(part.duration_ms for part in group)))
        first = end
    return spans


def _fitting(region: Region, room: int) -> list[Region]:
    """Divide speech without any pause into equal parts that fit: the least bad when nothing is known about it."""
    parts = -(-region.duration_ms // room)
    edges = [region.start_ms + region.duration_ms * part // parts for part in range(parts + 1)]
    return [Region(start, end) for start, end in pairwise(edges)]


def _group_end(regions: Sequence[Region], first: int, target_ms: int, room: int) -> int:
    """Return behind which region the chunk ends that begins with the region `first`."""
    start = regions[first].start_ms
    best, best_pause = first + 1, -1
    for end in range(first + 1, len(regions) + 1):
        length = regions[end - 1].end_ms - start
        if length > room:
            return best
        pause = regions[end].start_ms - regions[end - 1].end_ms if end < len(regions) else LONG_SILENCE_MS
        if pause >= LONG_SILENCE_MS or (length >= target_ms and pause >= GOOD_PAUSE_MS):
            return end
        if length >= target_ms // 2 and pause >= best_pause:
            best, best_pause = end, pause
        elif best_pause < 0:
            best = end
    return best


def _padded(spans: Sequence[_Span], duration_ms: int, longest: int) -> list[_Span]:
    """Give each span silence at both ends, at most half of the pause to its neighbour."""
    padded = []
    for number, span in enumerate(spans):
        before = span.start_ms - spans[number - 1].end_ms if number else 2 * span.start_ms
        after = spans[number + 1].start_ms - span.end_ms if number + 1 < len(spans) else 2 * (duration_ms - span.end_ms)
        most = min(PAD_MS, (longest - (span.end_ms - span.start_ms)) // 2)
        padded.append(
            _Span(span.start_ms - min(most, before // 2), span.end_ms + min(most, max(0, after // 2)), span.speech_ms)
        )
    return padded
