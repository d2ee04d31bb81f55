"""Audio files that the tests make: any container, codec, rate and layout, by libav's own muxers."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CLIPS = Path(__file__).resolve().parents[2] / "data" / "audio"
RATE = 16_000


def load(clip: str, *, stereo: bool = False) -> np.ndarray:
    """A clip as floats in [-1, 1] at 16 kHz: one row per channel."""
    resampler = av.AudioResampler("fltp", "stereo" if stereo else "mono", RATE)
    with av.open(str(CLIPS / clip)) as container:
        blocks = [block.to_ndarray() for frame in container.decode(audio=0) for block in resampler.resample(frame)]
        blocks += [block.to_ndarray() for block in resampler.resample(None)]
    return np.concatenate(blocks, axis=1)


def noise(seconds: float, level: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE)) * level


def brown(seconds: float, level: float) -> np.ndarray:
    """Noise whose power falls with the square of the frequency, from 0.5 Hz up."""
    spectrum = np.fft.rfft(noise(seconds, 1))
    spectrum[1:] /= np.arange(1, len(spectrum))
    spectrum[: int(seconds / 2)] = 0
    signal = np.fft.irfft(spectrum)
    return signal / signal.std() * level


def tone(seconds: float, hertz: float, level: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE) * level


def write(
    path: Path,
    samples: np.ndarray,
    *,
    codec: str,
    rate: int = RATE,
    source_rate: int = RATE,
    layout: str | None = None,
    container: str | None = None,
    options: dict[str, str] | None = None,
    picture_first: bool = False,
) -> Path:
    """Encode floats (one row per channel) into a file; with `picture_first`, behind a video track."""
    rows = np.atleast_2d(samples).astype(np.float32)
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[len(rows)]
    with av.open(str(path), "w", format=container, options=options or {}) as out:
        video = add_video(out) if picture_first else None
        stream = out.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(rows), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = source_rate, Fraction(1, source_rate), 0
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
        if video is not None:
            show(out, video)
    return path


def add_video(out):
    stream = out.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    return stream


def show(out, stream):
    """Fill a video track with a second of grey."""
    for _ in range(10):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")))
    out.mux(stream.encode(None))


def wav_header(data_length: int, *, rate: int = RATE) -> bytes:
    """The header of a 16-bit mono WAV that claims this many bytes of sound."""
    size = min(36 + data_length, 0xFFFFFFFF).to_bytes(4, "little")
    form = (1).to_bytes(2, "little") * 2 + rate.to_bytes(4, "little") + (2 * rate).to_bytes(4, "little")
    form += b"\x02\0\x10\0"
    return b"RIFF" + size + b"WAVEfmt \x10\0\0\0" + form + b"data" + data_length.to_bytes(4, "little")
