"""Bring decoded frames to 16 kHz, 16 bit, mono or stereo, in blocks of seconds.

A libavfilter graph that is emptied once per block instead of once per frame: a packet of compressed audio lasts about
20 ms, and asking the graph after each would cost as much as the decoding.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import cast

import numpy as np
from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NothingYetError
from av.error import EOFError as NothingMoreError
from av.filter import Graph

from apps.recordings.media.analysis import FRAME, RATE, Samples

BLOCK = 400 * FRAME
"""Samples in a block: 8 s."""


def resampled(frames: Iterable[AudioFrame], *, stereo: bool) -> Iterator[Samples]:
    """Yield blocks of BLOCK samples, the last one shorter, one row per channel."""
    rest = np.empty((2 if stereo else 1, 0), np.int16)
    for ready in _stretches(frames, stereo=stereo):
        block = np.hstack([rest, ready]) if rest.size else ready
        whole = block.shape[1] - block.shape[1] % BLOCK
        for start in range(0, whole, BLOCK):
            yield block[:, start : start + BLOCK]
        rest = block[:, whole:]
    if rest.size:
        yield rest


def _stretches(frames: Iterable[AudioFrame], *, stereo: bool) -> Iterator[Samples]:
    """A file may change its rate or layout on the way: each stretch has its own graph, and the sound goes on."""
    stretch: _Stretch | None = None
    for frame in frames:
        if stretch is None or stretch.shape != _shape(frame):
            if stretch is not None:
                yield from stretch.rest()
            stretch = _Stretch(frame, stereo=stereo)
        yield from stretch.fed(frame)
    if stretch is not None:
        yield from stretch.rest()


def _shape(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


class _Stretch:
    """Frames of one rate, format and layout."""

    def __init__(self, frame: AudioFrame, *, stereo: bool) -> None:
        self.shape = sample_format, layout, rate = _shape(frame)
        self._graph = Graph()  # must live as long as its filters are used
        self._graph.threads = 1
        self._source = self._graph.add_abuffer(sample_rate=rate, format=sample_format, layout=layout)
        resample = self._graph.add("aresample", str(RATE))
        shape = self._graph.add("aformat", f"sample_fmts=s16:channel_layouts={'stereo' if stereo else 'mono'}")
        self._sink = self._graph.add("abuffersink")
        self._graph.link_nodes(self._source, resample, shape, self._sink).configure()
        self._graph.set_audio_frame_size(BLOCK)
        self._channels = 2 if stereo else 1
        self._block = BLOCK * rate // RATE
        self._pending = 0

    def fed(self, frame: AudioFrame) -> Iterator[Samples]:
        frame.pts = None
        self._source.push(frame)
        self._pending += frame.samples
        if self._pending >= self._block:
            self._pending -= self._block
            yield from self._ready()

    def rest(self) -> Iterator[Samples]:
        self._source.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[Samples]:
        with suppress(NothingYetError, NothingMoreError):
            while True:
                block = cast("AudioFrame", self._sink.pull()).to_ndarray()
                yield cast("Samples", block.reshape(-1, self._channels).T)
