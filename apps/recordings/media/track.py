"""A mono file being made, measured while it is written."""

from dataclasses import dataclass
from pathlib import Path

from apps.recordings.media.analysis import RATE, Frames, Samples, measure
from apps.recordings.media.flac import FlacWriter
from apps.recordings.media.speech import find_speech
from apps.recordings.media.types import PreparedChannel, Region


@dataclass(frozen=True, slots=True)
class Track:
    """A complete 16 kHz mono FLAC with its measures."""

    file: Path
    samples: int
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
        self._flac = FlacWriter(path)
        self._measured: list[Frames] = []

    def write(self, samples: Samples) -> None:
        self._flac.write(samples)
        self._measured.append(measure(samples))
        self.samples += len(samples)

    def finish(self) -> Track:
        self._flac.close()
        frames = Frames.joined(self._measured)
        return Track(self._flac.path, self.samples, frames, find_speech(frames.bands, self.samples * 1000 // RATE))
