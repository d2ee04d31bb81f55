"""Cut pieces out of a prepared file: exact to the sample, by seeking, not by decoding all that lies before."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from apps.recordings.media.analysis import RATE, Samples
from apps.recordings.media.flac import FlacWriter
from apps.recordings.media.types import Piece


def cut(source: Path, pieces: Sequence[Piece]) -> None:
    """Write each piece as a FLAC file of its own; one that reaches beyond the end of `source` is shorter."""
    with av.open(f"file:{source}", "r", format="flac") as container:
        stream = container.streams.audio[0]
        for piece in pieces:
            with FlacWriter(piece.file) as writer:
                for samples in _samples(container, stream, piece.start_ms * RATE // 1000, piece.end_ms * RATE // 1000):
                    writer.write(samples)


def _samples(container: InputContainer, stream: AudioStream, start: int, end: int) -> Iterator[Samples]:
    container.seek(start, stream=stream)  # a prepared file counts its time in samples
    for frame in container.decode(stream):
        at = frame.pts or 0
        if at >= end:
            return
        if at + frame.samples > start:
            yield cast("Samples", frame.to_ndarray()[0, max(0, start - at) : end - at])
