"""The child process of the offline recogniser: FLAC in, words with times out.

Whole utterances are fed (`full_utt`): their mean is then normalised over all of the utterance, which halves the
errors against feeding blocks. A decoder adapts to what it has heard, so that each chunk gets a fresh one.
"""

import re
from collections.abc import Iterator
from typing import Any

import av
import av.error
import av.filter
import numpy as np
import pocketsphinx

from apps.core.child import ChildFailedError, serve
from apps.providers.adapters.pieces import RATE, SILENT_DBFS, Samples, speech_pieces, window_levels

FRAME_MS = 10
"""One frame of the recogniser."""
UTTERANCE_GAP_MS = 700
"""A silence between two words that ends an utterance for the reader."""
LOUDNESS_DBFS = -20.0
"""Mean power that the loud parts are brought to."""
LOUD_DB = 25.0
"""Windows not further below the loudest ones than this are the loud parts."""
FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")
VARIANT = re.compile(r"\(\d+\)$")
DECODER = {"beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80, "maxhmmpf": 10_000, "loglevel": "FATAL"}
"""Wider beams than usual save words; the cap on active models keeps noise from taking three times as long."""

RawWord = tuple[str, int, int]


def transcribe(request: dict[str, Any]) -> dict[str, Any]:
    """Answer `{"utterances": [[[word, start_ms, end_ms], ...], ...]}`."""
    samples = _loudness_normalised(_high_passed(request["audio"]))
    pieces = speech_pieces(samples)
    if not pieces:
        return {"utterances": []}
    decoder = pocketsphinx.Decoder(**DECODER)
    words = [word for start, end in pieces for word in _recognised(decoder, samples[start:end], start)]
    return {"utterances": list(_utterances(words))}


def _high_passed(path: str) -> Samples:
    """Decode to 16 kHz mono without the rumble below 80 Hz, in one pass."""
    try:
        with av.open(path, format="flac", options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.audio[0]
            graph = av.filter.Graph()
            nodes = (
                graph.add_abuffer(template=stream),
                graph.add("highpass", "f=80"),
                graph.add("aformat", f"sample_fmts=s16:sample_rates={RATE}:channel_layouts=mono"),
                graph.add("abuffersink"),
            )
            graph.link_nodes(*nodes).configure()
            blocks = [block for frame in (*container.decode(stream), None) for block in _filtered(graph, frame)]
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        raise ChildFailedError("bad_audio", f"The audio cannot be decoded: {type(error).__name__}") from error
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.int16)


def _filtered(graph: Any, frame: Any) -> Iterator[Samples]:  # noqa: ANN401 - PyAV's filters ship no types
    graph.push(frame)
    while True:
        try:
            yield graph.pull().to_ndarray()[0]
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _loudness_normalised(samples: Samples) -> Samples:
    """Bring the loud parts to one level; silence stays silence."""
    levels = window_levels(samples)
    if not len(levels) or levels.max() < SILENT_DBFS:
        return samples
    loud = levels[levels > np.percentile(levels, 95) - LOUD_DB]
    level = 10 * np.log10(np.mean(10 ** (loud / 10)))
    gain = 10 ** ((LOUDNESS_DBFS - level) / 20)
    louder: Samples = np.clip(samples * gain, -32768, 32767).astype(np.int16)
    return louder


def _recognised(decoder: Any, samples: Samples, offset: int) -> Iterator[RawWord]:  # noqa: ANN401
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), no_search=False, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return
    start_ms = offset * 1000 // RATE
    for segment in decoder.seg():
        if not FILLER.fullmatch(segment.word):
            text = VARIANT.sub("", segment.word)
            yield (
                text,
                start_ms + segment.start_frame * FRAME_MS,
                start_ms + (segment.end_frame + 1) * FRAME_MS,
            )


def _utterances(words: list[RawWord]) -> Iterator[list[RawWord]]:
    utterance: list[RawWord] = []
    for word in words:
        if utterance and word[1] - utterance[-1][2] >= UTTERANCE_GAP_MS:
            yield utterance
            utterance = []
        utterance.append(word)
    if utterance:
        yield utterance


if __name__ == "__main__":
    serve(transcribe)
