"""Sound for the tests, as the preparation of a recording hands it to an engine: 16 kHz mono FLAC."""

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from apps.providers.types import SpeechRequest

RATE = 16_000


def flac_of_clip(source: Path, target: Path) -> SpeechRequest:
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(str(source)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return flac_of_samples(np.concatenate([frame.to_ndarray()[0] for frame in frames]), target)


def flac_of_samples(samples: npt.NDArray[np.int16], target: Path) -> SpeechRequest:
    with av.open(str(target), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        stream.codec_context.format = "s16"
        for start in range(0, len(samples), 4096):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 4096], "s16", "mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return SpeechRequest(target, duration_ms=len(samples) * 1000 // RATE, language_code="en")
