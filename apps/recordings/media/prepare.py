"""One decode pass over a recording: the files to transcribe and to play, and everything that is measured."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame

from apps.recordings.media.analysis import FRAME_MS, RATE, Frames, Samples
from apps.recordings.media.resample import resampled
from apps.recordings.media.source import Source
from apps.recordings.media.stereo import StereoPass
from apps.recordings.media.track import Track, TrackWriter
from apps.recordings.media.types import Levels, Prepared, Region

MAX_PEAKS = 2000
_STEREO = 2
_SILENCE = 1e-6
"""Mean square of a frame at -60 dBFS."""
_LEAST_POWER = 1e-10
"""-100 dBFS: below the last of 16 bits."""


def prepare(source: Source, out: Path) -> Prepared:
    """Decode `source` once and write the prepared files into `out`. Raises ChildFailedError for a bad file."""
    frames = source.frames()
    first = next(frames)  # a source without a single frame has raised by now
    channels = first.layout.nb_channels
    blocks = _checked(source, chain([first], frames), stereo=channels == _STEREO)
    mix, sides = _stereo_pass(blocks, out) if channels == _STEREO else (_mono_pass(blocks, out), ())
    heard = sides or (mix,)
    probe = source.probe()
    return Prepared(
        duration_ms=mix.duration_ms,
        channels=tuple(track.channel for track in heard),
        playback=mix.file,
        peaks=_peaks(mix.frames),
        levels=_levels(mix, [region for track in heard for region in track.speech]),
        codec=probe.codec,
        sample_rate=first.sample_rate,
        source_channels=channels,
        packets=source.packets,
        bad_packets=source.bad_packets,
    )


def _checked(source: Source, frames: Iterable[AudioFrame], *, stereo: bool) -> Iterator[Samples]:
    """Blocks at 16 kHz, as long as they are not too many; at the end they must be enough."""
    samples = 0
    for block in resampled(frames, check=source.check_frame, stereo=stereo):
        samples += block.shape[1]
        source.check_length(1000 * samples / RATE)
        yield block
    source.check_whole(1000 * samples / RATE)


def _mono_pass(blocks: Iterable[Samples], out: Path) -> Track:
    track = TrackWriter(out / "mix.flac")
    for (samples,) in blocks:
        track.write(samples)
    return track.finish()


def _stereo_pass(blocks: Iterable[Samples], out: Path) -> tuple[Track, tuple[Track, ...]]:
    stereo = StereoPass(out)
    for left, right in blocks:
        stereo.take(left, right)
    return stereo.finish()


def _peaks(frames: Frames) -> tuple[int, ...]:
    slices = min(MAX_PEAKS, len(frames.peak))
    starts = np.arange(slices) * len(frames.peak) // slices
    return tuple(int(peak) * 100 // 32_767 for peak in np.maximum.reduceat(frames.peak, starts))


def _levels(mix: Track, speech: Iterable[Region]) -> Levels:
    power = mix.frames.power
    spoken = np.zeros(len(power), np.bool_)
    for region in speech:
        spoken[region.start_ms // FRAME_MS : region.end_ms // FRAME_MS] = True
    return Levels(
        rms_dbfs=_decibels(float(power.mean())),
        peak_dbfs=_decibels((int(mix.frames.peak.max()) / 32_767) ** 2),
        speech_dbfs=_decibels(float(power[spoken].mean())) if spoken.any() else None,
        noise_dbfs=_decibels(float(power[~spoken].mean())) if not spoken.all() else None,
        clipping_share=round(mix.clipped / mix.samples, 6),
        silence_share=round(float((power < _SILENCE).mean()), 4),
    )


def _decibels(power: float) -> float:
    return round(10 * float(np.log10(max(power, _LEAST_POWER))), 1)
