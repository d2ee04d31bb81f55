"""Words about sound. All times are integer milliseconds of the decoded audio track."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What a file may ask of us before it is refused."""

    max_duration_ms: int = 4 * 3600 * 1000
    max_streams: int = 64
    max_channels: int = 8
    min_sample_rate: int = 2_000
    """A block of samples at 1 Hz would be hours of audio."""
    max_sample_rate: int = 768_000


@dataclass(frozen=True, slots=True)
class Probe:
    """What the headers of a file say; nothing was decoded but what finding the codec takes."""

    codec: str
    sample_rate: int
    channels: int
    duration_ms: int | None
    """None where the headers do not say, or only guess from the bit rate."""


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A stretch of time with speech in it. Two regions may touch, at a moment good to cut."""

    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a prepared file, and the new file to write it to."""

    start_ms: int
    end_ms: int
    file: Path


@dataclass(frozen=True, slots=True)
class PreparedChannel:
    """One voice track to transcribe: the whole recording, or one side of a call."""

    file: Path
    """16 kHz mono FLAC, 16 bit."""
    speech: tuple[Region, ...]

    @property
    def speech_ms(self) -> int:
        return sum(region.duration_ms for region in self.speech)


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud and how clean the recording is, in dB relative to full scale of the 16 kHz mix (0 is the loudest)."""

    rms_dbfs: float
    peak_dbfs: float
    speech_dbfs: float | None
    """RMS level while somebody speaks; None without speech."""
    noise_dbfs: float | None
    """RMS level while nobody does; None where speech never stops."""
    clipping_share: float
    """Share of the samples that stand at full scale."""
    silence_share: float
    """Share of the time below -60 dBFS."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one decode pass made of a recording."""

    duration_ms: int
    channels: tuple[PreparedChannel, ...]
    """One; or two, left and right, where the sides of a call were on two channels."""
    playback: Path
    """What people listen to: the mix of all channels. The same file as the channel's where there is only one."""
    peaks: tuple[int, ...]
    """Loudest sample of each of up to 2,000 equal slices, 0 to 100, to draw the waveform."""
    levels: Levels
    codec: str
    sample_rate: int
    source_channels: int
    packets: int
    """Packets demuxed. Each was decoded once."""
    bad_packets: int
    """Of these, packets that the decoder refused and we skipped."""
