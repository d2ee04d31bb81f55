"""A recording with two channels: one sound twice, or the two sides of a call? That is known only at the end.

So the pass writes the mix, and half the difference of the channels from the first block on in which they differ: one
sound in both channels, the usual case, has no difference and pays nothing. Only where the channels turn out to be two
voices are left and right computed back from both files, which costs these recordings two more encodings; to encode
three files of every recording would cost all of them as much.

The measure is the correlation of the two loudness curves (root mean square of 20 ms, where there is any sound). One
room heard by two microphones, or music, rises and falls in both channels together: above 0.8 in stereo recordings,
whatever the delay between the microphones. People on a call speak in turns: around zero, and below 0.3 with an echo.
"""

from pathlib import Path

import numpy as np

from apps.recordings.media.analysis import FRAME, FULL_SCALE, Floats, Samples
from apps.recordings.media.flac import FlacWriter, flac_blocks
from apps.recordings.media.resample import BLOCK
from apps.recordings.media.track import Track, TrackWriter

_SAME_POWER = 3e-3
"""A difference 25 dB below the sum is what a lossy codec leaves between two equal channels."""
_ONE_SOUND = 0.5
"""Loudness curves that correlate more than this come from one sound."""
_AUDIBLE = 1e-3
"""Root mean square at -60 dBFS."""
_LEAST_FRAMES = 50
"""Less than a second of sound says nothing."""
_INVERTED_POWER = 4.0
"""A difference this much stronger than the sum: one channel is connected the wrong way round."""


class StereoPass:
    """Takes the blocks of a two-channel recording."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._mix = TrackWriter(out / "mix.flac")
        self._difference: FlacWriter | None = None
        self._loudness = (bytearray(), bytearray())
        self._power = np.zeros(2)

    def take(self, left: Samples, right: Samples) -> None:
        wide = left.astype(np.int32)
        mix = ((wide + right) >> 1).astype(np.int16)
        difference = ((wide - right) >> 1).astype(np.int16)
        power = np.array([np.square(signal, dtype=np.float32).sum() for signal in (mix, difference)])
        self._power += power
        if power[1] <= _SAME_POWER * power[0]:
            difference[:] = 0
        elif self._difference is None:
            self._difference = _silent(self._out / "difference.flac", self._mix.samples)
        if self._difference is not None:
            self._difference.write(difference)
        self._loudness[0].extend(_loudness(left).tobytes())
        self._loudness[1].extend(_loudness(right).tobytes())
        self._mix.write(mix)

    def finish(self) -> tuple[Track, tuple[Track, ...]]:
        """Return the mix, and left and right where they are two voices."""
        mix = self._mix.finish()
        if self._difference is None:
            return mix, ()
        self._difference.close()
        sides: tuple[Track, ...] = ()
        if self._power[1] > _INVERTED_POWER * self._power[0]:
            mix = _copied(self._difference.path, mix.file)
        elif not self._is_one_sound():
            sides = self._sides(mix.file, self._difference.path)
        self._difference.path.unlink()
        return mix, sides

    def _is_one_sound(self) -> bool:
        left, right = (np.frombuffer(curve, np.float32) for curve in self._loudness)
        audible = np.maximum(left, right) > _AUDIBLE
        if np.count_nonzero(audible) < _LEAST_FRAMES:
            return True
        left, right = (curve[audible] - curve[audible].mean() for curve in (left, right))
        scale = np.sqrt((left @ left) * (right @ right))
        return bool(left @ right >= _ONE_SOUND * scale)

    def _sides(self, mix: Path, difference: Path) -> tuple[Track, ...]:
        """Compute left and right; nothing where one of them never speaks: then the mix has the one voice there is."""
        left, right = TrackWriter(self._out / "left.flac"), TrackWriter(self._out / "right.flac")
        for middle, side in zip(flac_blocks(mix, BLOCK), flac_blocks(difference, BLOCK), strict=True):
            left.write(_clipped(middle.astype(np.int32) + side))
            right.write(_clipped(middle.astype(np.int32) - side))
        tracks = left.finish(), right.finish()
        if all(track.speech for track in tracks):
            return tracks
        for track in tracks:
            track.file.unlink()
        return ()


def _silent(path: Path, samples: int) -> FlacWriter:
    """A file that begins with this much silence."""
    writer = FlacWriter(path)
    for start in range(0, samples, BLOCK):
        writer.write(np.zeros(min(BLOCK, samples - start), np.int16))
    return writer


def _loudness(samples: Samples) -> Floats:
    floats = samples[: len(samples) // FRAME * FRAME].astype(np.float32).reshape(-1, FRAME)
    curve: Floats = np.sqrt(np.einsum("ij,ij->i", floats, floats) / FRAME) / np.float32(FULL_SCALE)
    return curve


def _clipped(samples: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Samples:
    return np.clip(samples, -32_768, 32_767).astype(np.int16)


def _copied(source: Path, target: Path) -> Track:
    """Write the samples of `source` to `target`, and measure them."""
    writer = TrackWriter(target)
    for block in flac_blocks(source, BLOCK):
        writer.write(block)
    return writer.finish()
