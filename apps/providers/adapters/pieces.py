"""Where to cut samples into whole utterances: in the longest silences, and only as often as needed."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

RATE = 16_000
WINDOW = RATE // 50
"""Samples of one energy window: 20 ms."""
WINDOWS_PER_SECOND = RATE // WINDOW

Samples = npt.NDArray[np.int16]
Levels = npt.NDArray[np.float32]
Run = tuple[int, int]
"""Windows of uninterrupted energy: first, and one after the last."""

PIECE_SECONDS = 15
"""The recogniser's mean normalisation and search do best on sentences: longer pieces are cut further."""
SILENCE_SECONDS = 1.5
"""A silence of this length is cut out in any case: the recogniser hears words in it."""
PAD_SECONDS = 0.3
"""Silence left at both ends of a piece, so that soft beginnings are not cut off."""
SILENT_DBFS = -60.0
"""Below this nothing is speech."""
DYNAMICS_DB = 35.0
"""Speech is not further below its loudest parts than this."""
FULL_SCALE_DB = 90.3


def speech_pieces(samples: Samples) -> list[tuple[int, int]]:
    """Return the sample ranges of whole utterances, in order and without overlap; none for silence."""
    levels = window_levels(samples)
    runs = _energy_runs(levels)
    if not runs:
        return []
    groups = _cut(runs, levels)
    pad = round(PAD_SECONDS * WINDOWS_PER_SECOND)
    pieces: list[tuple[int, int]] = []
    for number, group in enumerate(groups):
        first, last = group[0][0], group[-1][1]
        # Two neighbours share the silence between them.
        low = (groups[number - 1][-1][1] + first) // 2 if number else 0
        high = (last + groups[number + 1][0][0]) // 2 if number + 1 < len(groups) else len(levels)
        pieces.append((max(first - pad, low) * WINDOW, min(last + pad, high) * WINDOW))
    return pieces


def window_levels(samples: Samples) -> Levels:
    """Loudness of each 20 ms window in dBFS (root mean square; digital silence is about -90)."""
    count = len(samples) // WINDOW
    windows = samples[: count * WINDOW].astype(np.float32).reshape(count, WINDOW)
    power = np.square(windows).mean(axis=1)
    return np.asarray(10 * np.log10(power + 1) - FULL_SCALE_DB, dtype=np.float32)


def _energy_runs(levels: Levels) -> list[Run]:
    if not len(levels) or levels.max() < SILENT_DBFS:
        return []
    floor, peak = np.percentile(levels, 10), np.percentile(levels, 95)
    threshold = max(peak - DYNAMICS_DB, floor + 0.35 * (peak - floor), SILENT_DBFS)
    loud = np.concatenate(([False], levels > min(threshold, levels.max() - 1), [False]))
    edges = np.flatnonzero(np.diff(loud.astype(np.int8))).reshape(-1, 2)
    return [(int(start), int(end)) for start, end in edges]


def _cut(runs: list[Run], levels: Levels) -> list[list[Run]]:
    """Cut at the longest silence until every group is short enough and holds no long silence."""
    done: list[list[Run]] = []
    waiting = [runs]
    while waiting:
        group = waiting.pop()
        gaps = [after[0] - before[1] for before, after in pairwise(group)]
        longest = max(gaps, default=0)
        length = group[-1][1] - group[0][0]
        if length <= PIECE_SECONDS * WINDOWS_PER_SECOND and longest < SILENCE_SECONDS * WINDOWS_PER_SECOND:
            done.append(group)
        elif gaps:
            at = gaps.index(longest) + 1
            waiting += [group[at:], group[:at]]
        else:
            waiting += reversed(_halved(group[0], levels))
    return done


def _halved(run: Run, levels: Levels) -> list[list[Run]]:
    """Cut speech without any pause at its quietest window, away from both ends."""
    start, end = run
    quarter = (end - start) // 4
    at = start + quarter + int(np.argmin(levels[start + quarter : end - quarter]))
    return [[(start, at)], [(at, end)]]
