"""What a file says about its own length, so that a missing part can be told from a short recording.

Only statements count, never guesses: for raw streams (MPEG audio without a Xing header, MPEG program streams, ADTS,
AMR) libavformat divides the file size by the first bit rate, which is far off for variable rates.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer

from apps.recordings.media.formats import ADTS, AMR, MATROSKA, MP3, MPEG, OGG, WAV, WEBM, Format, id3_bytes

_MICROSECONDS_PER_MS = 1000


def promised_ms(path: Path, fmt: Format, container: InputContainer, stream: AudioStream) -> int | None:
    """Return the length that the headers state for the audio track, or None where they do not."""
    if fmt in {ADTS, AMR, MPEG} or (fmt is MP3 and not _has_frame_count(path)):
        return None
    if fmt is WAV:
        return _wav_ms(path)
    if fmt in {WEBM, MATROSKA}:
        return _matroska_ms(container, stream)
    if stream.duration is None or stream.time_base is None:
        return None
    return int(1000 * stream.duration * stream.time_base) or None


def _matroska_ms(container: InputContainer, stream: AudioStream) -> int | None:
    """The track's own statistics; the file's length only where it holds nothing but sound."""
    stated = stream.metadata.get("DURATION", "").split(":")
    if len(stated) == 3:  # noqa: PLR2004 - hours, minutes, seconds
        hours, minutes, seconds = (float(part) for part in stated)
        return int(1000 * (3600 * hours + 60 * minutes + seconds))
    if container.streams.video or container.duration is None:
        return None
    return container.duration // _MICROSECONDS_PER_MS


def _has_frame_count(path: Path) -> bool:
    """Say whether the first MPEG frame is a Xing, Info or VBRI header."""
    with path.open("rb") as file:
        file.seek(id3_bytes(file.read(10)))
        start = file.read(512)
    return any(mark in start for mark in (b"Xing", b"Info", b"VBRI"))


_STREAMED = 0x7FFF0000
"""Programs that cannot seek back leave 0, 0x7FFFFFFF or 0xFFFFFFFF, rounded down or not, as the length."""
_PCM_TAGS = {1, 3, 6, 7, 0xFFFE}
"""Codecs of which bytes are time. For the others a WAV header states a rate that many programs get wrong."""
_SLOPPY_BYTES = 4096
"""Some programs count their own header as sound."""


@dataclass(frozen=True, slots=True)
class _WavData:
    """The sound in a WAV file: where it begins, how long the header says it is (0: not said), and how it is coded."""

    start: int
    length: int
    byte_rate: int
    tag: int


def _wav_ms(path: Path) -> int | None:
    data = _wav_data(path)
    if data is None or not data.byte_rate or data.tag not in _PCM_TAGS:
        return None
    return 1000 * data.length // data.byte_rate or None


def _wav_is_cut(path: Path) -> bool:
    data = _wav_data(path)
    missing = data.start + data.length - path.stat().st_size if data else 0
    return data is not None and missing > max(_SLOPPY_BYTES, data.length // 100)


def _wav_data(path: Path) -> _WavData | None:
    with path.open("rb") as file:
        order = ">" if file.read(12).startswith(b"RIFX") else "<"
        tag, byte_rate, long_length = 0, 0, 0
        while len(header := file.read(8)) == 8:  # noqa: PLR2004 - name and length
            name, length = struct.unpack(f"{order}4sI", header)
            if name == b"data":
                known = long_length or (length if length < _STREAMED else 0)
                return _WavData(file.tell(), known, byte_rate, tag)
            body = _chunk(file, length)
            if name == b"fmt " and len(body) >= 16:  # noqa: PLR2004 - the smallest format chunk
                tag, byte_rate = struct.unpack_from(f"{order}H6xI", body)
            if name == b"ds64" and len(body) >= 16:  # noqa: PLR2004 - two 64-bit lengths
                (long_length,) = struct.unpack_from("<8xQ", body)
    return None


def _chunk(file: BinaryIO, length: int) -> bytes:
    """The first bytes of a chunk; the file is left behind it, at an even position."""
    body = file.read(min(length, 64))
    file.seek(length + length % 2 - len(body), 1)
    return body


_OGG_LONGEST_PAGE = 27 + 255 + 255 * 255


def tail_is_cut(path: Path, fmt: Format) -> bool:
    """Say whether the file ends before its last part does, in the formats where that can be seen without decoding."""
    if fmt is WAV:
        return _wav_is_cut(path)
    return fmt is OGG and _ogg_is_cut(path)


def _ogg_is_cut(path: Path) -> bool:
    """Say whether the file ends in the middle of a page; Ogg states no length."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _OGG_LONGEST_PAGE))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :] if b"OggS" in tail else b""
    segments = page[26] if len(page) > 26 else 0  # noqa: PLR2004 - where RFC 3533 puts the count
    length = 27 + segments + sum(page[27 : 27 + segments])
    return len(page) < length
