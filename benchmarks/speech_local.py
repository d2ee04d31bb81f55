"""How well and how fast the offline recogniser hears the clips of tests/data/audio, against plain pocketsphinx.

    .venv/bin/python -m benchmarks.speech_local

The control decodes each clip as one utterance with the recogniser's own settings, on the same samples.
"""

import json
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import jiwer
import numpy as np
import pocketsphinx

from apps.providers.adapters.pocketsphinx import build
from apps.providers.adapters.pocketsphinx_child import FILLER, VARIANT
from apps.providers.types import SpeechRequest

CLIPS = Path(__file__).parents[1] / "tests" / "data" / "audio"
RATE = 16_000
ENGINE = build(timeout_seconds=600)


def main() -> None:
    references = json.loads((CLIPS / "references.json").read_text())
    totals = {"ours": [0.0, 0.0], "control": [0.0, 0.0]}
    words = audio_s = 0.0
    print(f"{'clip':42} {'s':>5} {'words':>5} {'ours %':>7} {'control %':>9}")
    for name, clip in references.items():
        if clip["language"] != "en":
            continue
        reference = plain(clip["reference"])
        with TemporaryDirectory() as folder:
            request = prepared(CLIPS / name, Path(folder) / "chunk.flac")
            rates = {}
            for who, hear in (("ours", heard), ("control", heard_plainly)):
                text, cpu_s = timed(hear, request)
                rates[who] = jiwer.wer(reference, plain(text))
                totals[who][0] += rates[who] * len(reference.split())
                totals[who][1] += cpu_s
        seconds = request.duration_ms / 1000
        count = len(reference.split())
        words, audio_s = words + count, audio_s + seconds
        print(f"{name:42} {seconds:5.1f} {count:5} {rates['ours']:7.0%} {rates['control']:9.0%}", flush=True)
    for who, (errors, cpu_s) in totals.items():
        print(f"{who}: {errors / words:.1%} of {words:.0f} words wrong, {cpu_s / audio_s:.2f} x real time of processor")


def prepared(source: Path, target: Path) -> SpeechRequest:
    """Write a clip as a recording's preparation hands it over: 16 kHz mono FLAC."""
    samples = 0
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(str(source)) as clip, av.open(str(target), "w", format="flac") as flac:
        stream = flac.add_stream("flac", rate=RATE, layout="mono")
        for frame in (*clip.decode(audio=0), None):
            for block in resampler.resample(frame):
                block.pts = None
                samples += block.samples
                flac.mux(stream.encode(block))
        flac.mux(stream.encode(None))
    return SpeechRequest(target, duration_ms=samples * 1000 // RATE, language_code="en")


def heard(request: SpeechRequest) -> str:
    transcription = ENGINE.read(ENGINE.ask(request), request)
    return " ".join(segment.text for segment in transcription.segments)


def heard_plainly(request: SpeechRequest) -> str:
    with av.open(str(request.audio)) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    decoder = pocketsphinx.Decoder(loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(samples.astype(np.int16).tobytes(), no_search=False, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return ""
    return " ".join(VARIANT.sub("", item.word) for item in decoder.seg() if not FILLER.fullmatch(item.word))


def timed(hear: Callable[[SpeechRequest], str], request: SpeechRequest) -> tuple[str, float]:
    """Return the text and the processor time of this process and its children."""
    before = processor_s()
    return hear(request), processor_s() - before


def processor_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def plain(text: str) -> str:
    """Lower case without punctuation, as word errors are counted."""
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower().replace("mr.", "mister")).split())


if __name__ == "__main__":
    main()
