"""Measure blocks of 16 kHz audio: what is kept for each 20 ms frame is enough for levels, speech and the waveform.

Few whole-block numpy operations, so that a second of audio costs a fraction of what decoding it costs. The spectrum is
taken by one matrix product with a windowed Fourier basis at the frequencies of speech only: on these sizes several
times cheaper than a transform of every frame.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

RATE = 16_000
FRAME = 320
"""Samples in a frame: 20 ms."""
FRAME_MS = 20

BAND_EDGES_HZ = (150, 300, 450, 600, 800, 1050, 1400, 1900, 2500, 3400)
"""Bands as wide as hearing resolves them (Zwicker's critical bands, two to three together), within a telephone line."""
BANDS = len(BAND_EDGES_HZ) - 1
_BIN_HZ = 75
FULL_SCALE = 32_768.0
CLIPPED = 32_700
"""Samples as loud as this stand at full scale: -0.02 dBFS."""
QUIETEST_DB = -120.0


def _basis() -> tuple[Floats, Floats]:
    """Return the Fourier basis (frame samples x cosines and sines) and what sums the squares to bands."""
    hertz = np.arange(BAND_EDGES_HZ[0] + _BIN_HZ / 2, BAND_EDGES_HZ[-1], _BIN_HZ)
    phase = 2 * np.pi * np.outer(np.arange(FRAME), hertz) / RATE
    window = np.hanning(FRAME)[:, None] / FULL_SCALE / FRAME
    waves = np.hstack([np.cos(phase) * window, np.sin(phase) * window])
    band_of_bin = np.searchsorted(BAND_EDGES_HZ, hertz) - 1
    sums = np.tile(band_of_bin, 2)[:, None] == np.arange(BANDS)
    return waves.astype(np.float32), sums.astype(np.float32)


_WAVES, _SUMS = _basis()


@dataclass(frozen=True, slots=True)
class Frames:
    """What is known about a stretch of 20 ms frames."""

    power: Floats
    """Mean square of each frame, full scale is 1."""
    bands: npt.NDArray[np.uint8]
    """Level of each band in half decibels above QUIETEST_DB."""
    peak: npt.NDArray[np.int16]
    """Loudest sample, its sign dropped."""


class FrameLog:
    """Collects frames in as little memory as they take: there are half a million of them in three hours."""

    def __init__(self) -> None:
        self._power = bytearray()
        self._bands = bytearray()
        self._peak = bytearray()

    def add(self, frames: Frames) -> None:
        self._power += frames.power.tobytes()
        self._bands += frames.bands.tobytes()
        self._peak += frames.peak.tobytes()

    def all(self) -> Frames:
        return Frames(
            np.frombuffer(self._power, np.float32),
            np.frombuffer(self._bands, np.uint8).reshape(-1, BANDS),
            np.frombuffer(self._peak, np.int16),
        )


def measure(samples: Samples) -> Frames:
    """Measure a block; its length is a multiple of FRAME, except at the end of the recording, where zeros are added."""
    if missing := -len(samples) % FRAME:
        samples = np.append(samples, np.zeros(missing, np.int16))
    frames = samples.reshape(-1, FRAME)
    floats = frames.astype(np.float32)
    waves = floats @ _WAVES
    np.multiply(waves, waves, out=waves)
    decibels = 10 * np.log10(np.maximum(waves @ _SUMS, 1e-12))
    peak = np.maximum(frames.max(axis=1), -np.maximum(frames.min(axis=1), -32_767))
    return Frames(
        np.einsum("ij,ij->i", floats, floats) / np.float32(FULL_SCALE**2 * FRAME),
        np.clip((decibels - QUIETEST_DB) * 2, 0, 255).astype(np.uint8),
        cast("npt.NDArray[np.int16]", peak),
    )


def count_clipped(samples: Samples, frames: Frames) -> int:
    """Return how many of the samples, of which `frames` are the measures, stand at full scale."""
    if int(frames.peak.max(initial=0)) < CLIPPED:
        return 0
    return int(np.count_nonzero((samples >= CLIPPED) | (samples <= -CLIPPED)))
