"""Tell audio and video containers apart by their first bytes. Names and declared types never matter.

This is the first filter only: it decides which one demuxer may open a file. Whether there is sound in it,
the decoder says. Playlists, concat scripts and everything else that makes a demuxer open other files is unknown here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
"""As much of a file as `sniff` wants to see."""


@dataclass(frozen=True, slots=True)
class Format:
    """A container that we accept."""

    name: str
    """Our word, kept with the recording."""
    media_type: str
    demuxer: str
    """libavformat's name of the only demuxer that may read it."""


WAV = Format("wav", "audio/wav", "wav")
AIFF = Format("aiff", "audio/aiff", "aiff")
FLAC = Format("flac", "audio/flac", "flac")
MP3 = Format("mp3", "audio/mpeg", "mp3")
OGG = Format("ogg", "audio/ogg", "ogg")
MP4 = Format("mp4", "video/mp4", "mov")
M4A = Format("m4a", "audio/mp4", "mov")
MOV = Format("mov", "video/quicktime", "mov")
WEBM = Format("webm", "video/webm", "matroska")
MATROSKA = Format("matroska", "video/x-matroska", "matroska")
ADTS = Format("adts", "audio/aac", "aac")
AMR = Format("amr", "audio/amr", "amr")
MPEG = Format("mpeg", "video/mpeg", "mpeg")

FORMATS = {found.name: found for found in (WAV, AIFF, FLAC, MP3, OGG, MP4, M4A, MOV, WEBM, MATROSKA, ADTS, AMR, MPEG)}


def sniff(head: bytes) -> Format | None:
    """Return the format of a file that begins with `head` (up to HEAD_BYTES of it), or None for anything else."""
    if tag := id3_bytes(head):
        if tag >= len(head) >= HEAD_BYTES:
            return MP3  # the tag alone is longer than what we see; the decoder has the last word
        return next((found for test, found in _AFTER_ID3 if test(head[tag:])), None)
    return next((found for test, found in _TESTS if test(head)), None) or _iso_media(head) or _matroska(head)


def _is_riff_wave(head: bytes) -> bool:
    return head[:4] in {b"RIFF", b"RIFX", b"RF64", b"BW64"} and head[8:12] == b"WAVE"


def _is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}


def _is_flac(head: bytes) -> bool:
    return head[:4] == b"fLaC"


def _is_amr(head: bytes) -> bool:
    return head.startswith((b"#!AMR\n", b"#!AMR-WB\n"))


def _is_mpeg_program_stream(head: bytes) -> bool:
    """A pack header, ISO/IEC 13818-1 or 11172-1: what follows the start code begins with 01 or 0010."""
    return head[:4] == b"\0\0\1\xba" and len(head) > 4 and (head[4] >> 6 == 0b01 or head[4] >> 4 == 0b0010)  # noqa: PLR2004


# Ogg: the first pages each begin a logical stream and name its codec. RFC 3533.

_OGG_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ", b"\x80theora")
_OGG_FIRST_PAGE = 2


def _is_ogg(head: bytes) -> bool:
    return any(page.startswith(_OGG_CODECS) for page in _ogg_first_pages(head))


def _ogg_first_pages(head: bytes) -> Iterator[bytes]:
    position = 0
    while head[position : position + 4] == b"OggS" and len(head) > position + 27:
        if not head[position + 5] & _OGG_FIRST_PAGE:
            return
        segments = head[position + 26]
        start = position + 27 + segments
        length = sum(head[position + 27 : start])
        yield head[start : start + length]
        position = start + length


# ISO base media (MP4, M4A, 3GP) and QuickTime. ISO/IEC 14496-12; brands: https://mp4ra.org

_IMAGE_BRANDS = {
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1", b"miaf"),
    *(b"avif", b"avis", b"avci", b"avcs", b"jpeg", b"jpgs", b"jp2 ", b"jpx ", b"jpm ", b"jxl ", b"crx "),
}
_SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "}
_FILM_BRANDS = (
    *(b"iso", b"mp4", b"avc", b"3gp", b"3g2", b"3gs", b"3gr", b"3ge", b"3gg", b"M4V", b"MSNV", b"dash", b"cmf"),
    *(b"mmp4", b"f4v", b"F4V", b"F4P", b"XAVC", b"NDS", b"kddi", b"dby1", b"hvc1", b"av01"),
)
_OLD_QUICKTIME_ATOMS = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_ATOM_HEADER = 8
_SMALL_ATOM = 1 << 26


def _iso_media(head: bytes) -> Format | None:
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    return MOV if _is_old_quicktime(head) else None


def _by_brand(head: bytes) -> Format | None:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in _IMAGE_BRANDS:
        return None
    if brands[0] == b"qt  ":
        return MOV
    if brands[0] in _SOUND_BRANDS:
        return M4A
    return MP4 if any(brand.startswith(_FILM_BRANDS) or brand in _SOUND_BRANDS for brand in brands) else None


def _is_old_quicktime(head: bytes) -> bool:
    """Before `ftyp` existed, a film simply began with one of its atoms; what follows must be an atom too."""
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if kind not in _OLD_QUICKTIME_ATOMS:
        return False
    if kind == b"mdat" and (size in {0, 1} or size > len(head)):
        # The media itself comes first, and what follows cannot be seen from here. But a size in letters is text.
        return not head[:4].decode("latin-1").isprintable()
    if not _ATOM_HEADER <= size < _SMALL_ATOM:
        return False
    following = head[size + 4 : size + 8]
    return not following or following in _OLD_QUICKTIME_ATOMS | {b"udta", b"uuid"}


# Matroska and WebM: an EBML header with a document type. RFC 8794 and RFC 9559.


def _matroska(head: bytes) -> Format | None:
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return None
    at = head.find(b"\x42\x82", 4, 128)
    kind = head[at + 3 : at + 3 + (head[at + 2] & 0x7F)] if 0 < at < len(head) - 3 else b""
    return {b"webm": WEBM, b"matroska": MATROSKA}.get(kind)


# MPEG audio and AAC in ADTS: no magic number, only frames that must follow one another exactly.

_BITRATES = {  # kbit/s by (MPEG-1?, layer)
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_SYNC = 0xFFE0
_RESERVED_RATE = 3
_RESERVED_BITRATE = 15
_ADTS_SYNC = 0xFFF0
_ADTS_SHORTEST = 8


def _mpeg_frame_bytes(head: bytes, at: int) -> tuple[int, bytes] | None:
    """Length of the MPEG audio frame at `at`, and the bits that all frames of a stream share."""
    if len(head) < at + 4 or int.from_bytes(head[at : at + 2], "big") & _SYNC != _SYNC:
        return None
    version, layer = head[at + 1] >> 3 & 3, 4 - (head[at + 1] >> 1 & 3)
    bitrate, rate, padding = head[at + 2] >> 4, head[at + 2] >> 2 & 3, head[at + 2] >> 1 & 1
    if version not in _RATES or layer not in {1, 2, 3} or rate == _RESERVED_RATE or bitrate in {0, _RESERVED_BITRATE}:
        return None
    first = version == 3  # noqa: PLR2004 - MPEG-1 is coded as 3
    bits = _BITRATES[first, layer][bitrate] * 1000
    hertz = _RATES[version][rate]
    length = {1: (12 * bits // hertz + padding) * 4, 2: 144 * bits // hertz + padding}.get(
        layer, (144 if first else 72) * bits // hertz + padding
    )
    return length, bytes((version, layer, rate))


def _is_mpeg_audio(head: bytes) -> bool:
    start = len(head) - len(head.lstrip(b"\0"))
    first = _mpeg_frame_bytes(head, start)
    second = _mpeg_frame_bytes(head, start + first[0]) if first else None
    return first is not None and second is not None and first[1] == second[1]


def _adts_frame_bytes(head: bytes, at: int) -> tuple[int, bytes] | None:
    if len(head) < at + 7 or int.from_bytes(head[at : at + 2], "big") & 0xFFF6 != _ADTS_SYNC:
        return None
    length = (head[at + 3] & 3) << 11 | head[at + 4] << 3 | head[at + 5] >> 5
    return (length, bytes((head[at + 1], head[at + 2] & 0xFC))) if length >= _ADTS_SHORTEST else None


def _is_adts(head: bytes) -> bool:
    first = _adts_frame_bytes(head, 0)
    second = _adts_frame_bytes(head, first[0]) if first else None
    return first is not None and second is not None and first[1] == second[1]


_ID3_HEADER = 10
_ID3_FOOTER_FLAG = 0x10


def id3_bytes(head: bytes) -> int:
    """Length of the ID3v2 tags that a file begins with (https://id3.org), as far as `head` shows them."""
    length = 0
    while head[length : length + 3] == b"ID3" and len(head) >= length + _ID3_HEADER:
        flags, *size = head[length + 5 : length + 10]
        if any(byte & 0x80 for byte in size):
            break  # the bytes of a size have their top bits clear: this only looks like a tag
        length += _ID3_HEADER * (2 if flags & _ID3_FOOTER_FLAG else 1)
        length += size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]
    return length


_AFTER_ID3: tuple[tuple[Callable[[bytes], bool], Format], ...] = (
    (_is_mpeg_audio, MP3),
    (_is_adts, ADTS),
    (_is_flac, FLAC),
)
_TESTS: tuple[tuple[Callable[[bytes], bool], Format], ...] = (
    (_is_riff_wave, WAV),
    (_is_aiff, AIFF),
    (_is_ogg, OGG),
    (_is_amr, AMR),
    (_is_mpeg_program_stream, MPEG),
    *_AFTER_ID3,
)
