"""A mono file being made, measured while it is written."""

from dataclasses import dataclass
from pathlib import Path

from apps.recordings.media.analysis import RATE, FrameLog, Frames, Samples, count_clipped, measure
from apps.recordings.media.flac import FlacWriter
from apps.recordings.media.speech import find_speech
from apps.recordings.media.types import PreparedChannel, Region


@dataclass(frozen=True, slots=True)
class Track:
    """A complete 16 kHz mono FLAC with its measures."""

    file: Path
    samples: int
    clipped: int
    """Samples at full scale."""
    frames: Frames
    speech: tuple[Region, ...]

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // RATE

    @property
    def channel(self) -> PreparedChannel:
        return PreparedChannel(self.file, self.speech)


class TrackWriter:
    """Write blocks; every block but the last holds whole frames."""

    def __init__(self, path: Path) -> None:
        self.samples = 0
        self._clipped = 0
        self._flac = FlacWriter(path)
        self._log = FrameLog()

    def write(self, samples: Samples) -> None:
        self._flac.write(samples)
        frames = measure(samples)
        self._log.add(frames)
        self._clipped += count_clipped(samples, frames)
        self.samples += len(samples)

    def finish(self) -> Track:
        self._flac.close()
        frames = self._log.all()
        speech = find_speech(frames.bands, self.samples * 1000 // RATE)
        return Track(self._flac.path, self.samples, self._clipped, frames, speech)
