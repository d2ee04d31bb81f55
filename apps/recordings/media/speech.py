"""Find the stretches with speech in the band levels of 20 ms frames.

A frame is active when it stands out of the noise, averaged over bands, as in the long-term spectral divergence of
Ramirez et al. (Speech Communication 42, 2004). The noise in each band is followed by its minima, after Martin (IEEE
Trans. Speech and Audio Processing 9, 2001), but looking to both sides, because the whole recording is there. What is
active but keeps its spectrum, like a tone, hum or a fan that was switched on, is no speech: syllables change the
spectrum several times a second (Scheirer and Slaney, ICASSP 1997, use the same fact as 4 Hz modulation).
"""

import numpy as np
import numpy.typing as npt

from apps.recordings.media.analysis import BANDS, FRAME_MS, QUIETEST_DB
from apps.recordings.media.types import Region

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_PIECE = 3_000
"""Frames scored at once: a minute, so that memory does not grow with the recording."""
_CELL = 50
"""Frames in which one minimum is taken: a second always holds a gap between syllables."""
_MARGIN_CELLS = 12
"""Seconds to either side in which the noise is looked for."""
_FLOOR_QUANTILE = 0.25
"""A quarter of the seconds around may be quieter than the noise."""
_FLOOR_BIAS_DB = 2.0
"""A minimum lies below the mean that it stands for."""
_FLOOR_LEAST_DB = -108.0
"""Noise is never taken to be lower than this: below it the last of 16 bits toggles, and zeros have no level at all."""
_SNR_MOST_DB = 25.0
_START_DB = 4.5
_CONTINUE_DB = 3.0
_CHANGE_FRAMES = 30
"""Frames to either side in which the spectrum must change."""
_EDGE_FRAMES = 2
_CHANGE_DB = 2.9
"""Spread of a band's level over time. Stationary noise stays below 2.5 dB, speech above 5."""

_JOIN_MS = 300
_LEAST_MS = 200
_PAD_BEFORE_MS = 120
_PAD_AFTER_MS = 160
_LONGEST_MS = 15_000
"""A longer stretch is divided at its quietest moment, so that a chunk can end there."""


def find_speech(bands: npt.NDArray[np.uint8], duration_ms: int) -> tuple[Region, ...]:
    """Return the speech in a recording: ordered, at least 200 ms, not overlapping; touching where a cut is good."""
    if not len(bands):
        return ()
    above, loudness = _scores(bands)
    active = _hysteresis(above)
    spoken = _runs(_changing(bands, active))
    regions = _joined(spoken, duration_ms)
    return tuple(part for region in regions for part in _divided(region, loudness))


def _levels(bands: npt.NDArray[np.uint8]) -> Floats:
    """Band levels in dB, smoothed over three frames."""
    levels = bands.astype(np.float32) / 2 + np.float32(QUIETEST_DB)
    padded = np.concatenate([levels[:1], levels, levels[-1:]])
    smooth: Floats = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return smooth


def _scores(bands: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """For each frame: how far it stands out of the noise, and how loud it is, both in dB averaged over bands."""
    floor = _floor(bands)
    above = np.empty(len(bands), np.float32)
    loudness = np.empty(len(bands), np.float32)
    for start in range(0, len(bands), _PIECE):
        levels = _levels(bands[start : start + _PIECE])
        cells = np.minimum(np.arange(start, start + len(levels)) // _CELL, len(floor) - 1)
        snr = np.clip(levels - floor[cells], 0, _SNR_MOST_DB)
        above[start : start + len(levels)] = snr.mean(axis=1)
        loudness[start : start + len(levels)] = levels.mean(axis=1)
    return above, loudness


def _floor(bands: npt.NDArray[np.uint8]) -> Floats:
    """Noise level per second and band: a low quantile of the minima of the seconds around."""
    cells = max(1, len(bands) // _CELL)
    minima = np.empty((cells, BANDS), np.float32)
    for cell in range(cells):
        minima[cell] = _levels(bands[cell * _CELL : (cell + 1) * _CELL]).min(axis=0)
    floor = np.empty_like(minima)
    for cell in range(cells):
        around = minima[max(0, cell - _MARGIN_CELLS) : cell + _MARGIN_CELLS + 1]
        rank = int((len(around) - 1) * _FLOOR_QUANTILE)
        floor[cell] = np.partition(around, rank, axis=0)[rank]
    least: Floats = np.maximum(floor + np.float32(_FLOOR_BIAS_DB), np.float32(_FLOOR_LEAST_DB))
    return least


def _hysteresis(above: Floats) -> Mask:
    """Stretches that stay over the lower threshold and pass the upper one somewhere."""
    mask = above > _CONTINUE_DB
    for start, end in _runs(mask):
        if above[start:end].max() <= _START_DB:
            mask[start:end] = False
    return mask


def _changing(bands: npt.NDArray[np.uint8], active: Mask) -> Mask:
    """Keep the active frames around which the spectrum changes as it does in speech.

    The measure is the spread over time of each band's level, weighted with the band's share of the power. The first and
    last frames of a run are left out of it, because everything that starts and stops changes there.
    """
    inner = _shrunk(active)
    changing = np.zeros(len(bands), np.bool_)
    for start in range(0, len(bands), _PIECE):
        end = min(len(bands), start + _PIECE)
        first, last = max(0, start - _CHANGE_FRAMES), min(len(bands), end + _CHANGE_FRAMES)
        levels = _levels(bands[first:last])
        here = inner[first:last, None].astype(np.float64)
        count = np.maximum(_around(here), 1)
        variance = _around(here * levels**2) / count - (_around(here * levels) / count) ** 2
        power = _around(here * np.power(10, levels / 10))
        share = power / np.maximum(power.sum(axis=1, keepdims=True), 1e-30)
        spread = (share * np.sqrt(np.maximum(variance, 0))).sum(axis=1)
        changing[start:end] = spread[start - first : end - first] > _CHANGE_DB
    return changing & active


def _shrunk(mask: Mask) -> Mask:
    """Drop _EDGE_FRAMES at both ends of each run."""
    inner = mask.copy()
    for shift in range(1, _EDGE_FRAMES + 1):
        inner[shift:] &= mask[:-shift]
        inner[:-shift] &= mask[shift:]
    return inner


def _around(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums over _CHANGE_FRAMES to either side."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
    middle = np.arange(len(values))
    upper = np.minimum(middle + _CHANGE_FRAMES + 1, len(values))
    lower = np.maximum(middle - _CHANGE_FRAMES, 0)
    total: npt.NDArray[np.float64] = sums[upper] - sums[lower]
    return total


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """Return the stretches of True as (first, behind the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _joined(runs: list[tuple[int, int]], duration_ms: int) -> list[Region]:
    """Close short gaps, drop what is too short to be a word, and pad the rest: quiet consonants are cut off else."""
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and (start - joined[-1][1]) * FRAME_MS < _JOIN_MS:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    regions: list[Region] = []
    for start, end in joined:
        if (end - start) * FRAME_MS < _LEAST_MS:
            continue
        least = regions[-1].end_ms if regions else 0
        regions.append(
            Region(max(least, start * FRAME_MS - _PAD_BEFORE_MS), min(duration_ms, end * FRAME_MS + _PAD_AFTER_MS))
        )
    return regions


def _divided(region: Region, loudness: Floats) -> list[Region]:
    """Divide a long region at its quietest moment, not near its ends, again and again."""
    if region.duration_ms <= _LONGEST_MS:
        return [region]
    start, end = region.start_ms // FRAME_MS, region.end_ms // FRAME_MS
    keep = (end - start) // 4
    around = np.convolve(loudness[start + keep : end - keep], np.ones(5), "same")  # 100 ms, the length of a gap
    cut = (start + keep + int(around[3:-3].argmin()) + 3) * FRAME_MS
    left, right = Region(region.start_ms, cut), Region(cut, region.end_ms)
    return _divided(left, loudness) + _divided(right, loudness)
