"""Open a foreign file and decode its first audio track, once, trusting nothing in it. Runs in the child only.

The file is always local, its demuxer is named by us, and no protocol but `file` exists: playlists and scripts that
make a demuxer open other addresses find no way out. Only audio decoders on our list are ever started, so pictures and
video in the file are never decoded.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from apps.core.child import ChildFailedError
from apps.recordings.media.formats import Format
from apps.recordings.media.promise import promised_ms, tail_is_cut
from apps.recordings.media.types import MediaLimits, Probe

DECODERS = (
    *("aac", "aac_fixed", "ac3", "alac", "amrnb", "amrwb", "eac3", "flac", "gsm", "gsm_ms", "g722", "g726", "g729"),
    *("mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus", "speex", "vorbis", "wmav1", "wmav2"),
    *("libopus", "libvorbis", "libspeex", "libgsm", "libgsm_ms", "libopencore_amrnb", "libopencore_amrwb"),
    *("adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
    *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
)
"""Decoders that recordings really need, lossless and telephone ones included."""

MAX_BAD_PACKETS = 5
MAX_BAD_SHARE = 0.02
"""A file is corrupted where more than both of these cannot be decoded. A damaged start or one bad frame is common."""

GRACE_MS = 1000
"""How far a header may understate the length before decoding stops."""


class CorruptedError(ChildFailedError):
    def __init__(self, detail: str) -> None:
        super().__init__("corrupted_audio_file", detail)


class Source:
    """The first audio track of an open file."""

    def __init__(
        self, container: InputContainer, stream: AudioStream, promised: int | None, limits: MediaLimits
    ) -> None:
        self._container = container
        self._stream = stream
        self._promised_ms = promised
        self._limits = limits
        self.packets = 0
        self.bad_packets = 0

    def probe(self) -> Probe:
        context = self._stream.codec_context
        return Probe(context.name, context.sample_rate or 0, context.channels, self._promised_ms)

    def frames(self) -> Iterator[AudioFrame]:
        """Decode everything, once, skipping what cannot be decoded. Raises ChildFailedError where nothing can."""
        decode = self._stream.codec_context.decode
        found = False
        for packet in self._packets():
            self.packets += 1
            try:
                frames = decode(packet)
            except FFmpegError:
                self.bad_packets += 1
                continue
            found = found or bool(frames)
            yield from frames
        if not found:
            raise CorruptedError("nothing in the audio track can be decoded")

    def check_frame(self, frame: AudioFrame) -> None:
        """Refuse a shape that would cost too much. A stream may change it at any frame."""
        _check_shape(frame.layout.nb_channels, frame.sample_rate, self._limits)

    def check_length(self, decoded_ms: float) -> None:
        """Refuse to go on beyond the longest audio allowed, whatever the headers said."""
        if decoded_ms > self._limits.max_duration_ms + GRACE_MS:
            raise _too_long(self._limits)

    def check_whole(self, decoded_ms: float) -> None:
        """At the end: raise ChildFailedError where too much could not be decoded or is not there."""
        if self.bad_packets > max(MAX_BAD_PACKETS, MAX_BAD_SHARE * self.packets):
            raise CorruptedError(f"{self.bad_packets} of {self.packets} packets cannot be decoded")
        promised = self._promised_ms or 0
        missing = promised - decoded_ms
        if missing > _tolerance_ms(promised):
            raise CorruptedError(f"{missing / 1000:.1f} s of the {promised / 1000:.1f} s announced are missing")

    def _packets(self) -> "Iterator[av.Packet[AudioStream]]":
        """Demux until the end, or until nothing can be read any more: then the promised length decides."""
        try:
            yield from self._container.demux(self._stream)
        except FFmpegError:
            self.bad_packets += 1


def _tolerance_ms(promised: int) -> float:
    """How much may be missing: encoder delay and rounding in short files, sloppy headers in long ones."""
    return min(max(200.0, 0.02 * promised), 10_000.0)


@contextmanager
def source_open(path: Path, fmt: Format, limits: MediaLimits) -> Iterator[Source]:
    """Open a file and check its headers. Raises ChildFailedError with our code for what is wrong with it."""
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": fmt.demuxer,
        "codec_whitelist": ",".join(DECODERS),
        "max_streams": str(limits.max_streams),
    }
    try:
        container = av.open(f"file:{path}", "r", format=fmt.demuxer, options=options, metadata_errors="replace")
    except (FFmpegError, ValueError) as error:
        raise CorruptedError(f"cannot be opened as {fmt.name}: {type(error).__name__}") from error
    with container:
        stream = _first_audio(container)
        context = stream.codec_context
        context.thread_count = 1  # threads add processor time, and the worker runs several of us
        _check_shape(context.channels, context.sample_rate, limits)
        if tail_is_cut(path, fmt):
            raise CorruptedError("the end of the file is missing")
        promised = promised_ms(path, fmt, container, stream)
        if promised is not None and promised > limits.max_duration_ms + GRACE_MS:
            raise _too_long(limits)
        yield Source(container, stream, promised, limits)


def _first_audio(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise ChildFailedError("no_audio_in_file", "there is no audio track in the file")
    stream = container.streams.audio[0]
    with suppress(AttributeError):  # a stream whose codec libav does not know has no context
        if stream.codec_context.codec.name in DECODERS:
            return stream
        raise CorruptedError(f"the audio codec {stream.codec_context.codec.name} is not supported")
    raise CorruptedError("the audio codec is not known")


def _check_shape(channels: int, rate: int, limits: MediaLimits) -> None:
    if channels > limits.max_channels:
        raise CorruptedError(f"{channels} channels, {limits.max_channels} are allowed")
    if not limits.min_sample_rate <= rate <= limits.max_sample_rate:
        raise CorruptedError(f"{rate} samples a second")


def _too_long(limits: MediaLimits) -> ChildFailedError:
    return ChildFailedError("media_duration_too_long", f"longer than {limits.max_duration_ms // 1000} s")
