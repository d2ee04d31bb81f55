"""Bring decoded frames to 16 kHz, 16 bit, mono or stereo, in blocks of seconds.

A libavfilter graph that is emptied once per block instead of once per frame: a packet of compressed audio lasts about
20 ms, and asking the graph after each would cost as much as the decoding.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import cast

import numpy as np
from av.audio.frame import AudioFrame
from av.error import ArgumentError
from av.error import BlockingIOError as NothingYetError
from av.error import EOFError as NothingMoreError
from av.filter import Graph

from apps.recordings.media.analysis import FRAME, RATE, Samples

BLOCK = 200 * FRAME
"""Samples in a block: 4 s, so that the work per block outweighs its overhead, and all of it stays in the cache."""


def resampled(frames: Iterable[AudioFrame], *, check: Callable[[AudioFrame], None], stereo: bool) -> Iterator[Samples]:
    """Yield blocks of BLOCK samples, the last one shorter, one row per channel.

    `check` may refuse the first frame of each shape.
    """
    rest = np.empty((2 if stereo else 1, 0), np.int16)
    for ready in _stretches(frames, check, stereo=stereo):
        block = np.hstack([rest, ready]) if rest.size else ready
        whole = block.shape[1] - block.shape[1] % BLOCK
        for start in range(0, whole, BLOCK):
            yield block[:, start : start + BLOCK]
        rest = block[:, whole:]
    if rest.size:
        yield rest


def _stretches(frames: Iterable[AudioFrame], check: Callable[[AudioFrame], None], *, stereo: bool) -> Iterator[Samples]:
    """A file may change its rate or layout on the way: each stretch has its own graph, and the sound goes on."""
    stretch: _Stretch | None = None
    for frame in frames:
        if stretch is None or not stretch.takes(frame):
            if stretch is not None:
                yield from stretch.rest()
            check(frame)
            stretch = _Stretch(frame, stereo=stereo)
            stretch.takes(frame)
        if stretch.pending >= stretch.block:
            yield from stretch.ready()
    if stretch is not None:
        yield from stretch.rest()


class _Stretch:
    """Frames of one rate, format and layout."""

    def __init__(self, frame: AudioFrame, *, stereo: bool) -> None:
        rate, layout = frame.sample_rate, "stereo" if stereo else "mono"
        self._graph = Graph()  # must live as long as its filters are used
        self._graph.threads = 1
        self._source = self._graph.add_abuffer(sample_rate=rate, format=frame.format.name, layout=frame.layout.name)
        resample = self._graph.add("aresample", str(RATE))
        shape = self._graph.add("aformat", f"sample_fmts=s16:channel_layouts={layout}")
        self._sink = self._graph.add("abuffersink")
        self._graph.link_nodes(self._source, resample, shape, self._sink).configure()
        self._graph.set_audio_frame_size(BLOCK)
        self._channels = 2 if stereo else 1
        self.block = BLOCK * rate // RATE
        self.pending = 0

    def takes(self, frame: AudioFrame) -> bool:
        """Feed a frame; False where it has another shape, which the graph notices cheaper than we could."""
        frame.pts = None
        try:
            self._source.push(frame)
        except ArgumentError:
            return False
        self.pending += frame.samples
        return True

    def rest(self) -> Iterator[Samples]:
        self._source.push(None)
        yield from self.ready()

    def ready(self) -> Iterator[Samples]:
        self.pending %= self.block
        with suppress(NothingYetError, NothingMoreError):
            while True:
                block = cast("AudioFrame", self._sink.pull()).to_ndarray()
                yield cast("Samples", block.reshape(-1, self._channels).T)
