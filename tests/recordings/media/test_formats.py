import struct
import zipfile

import pytest

from apps.recordings.media.formats import HEAD_BYTES, sniff
from tests.recordings.media.sounds import CLIPS, tone, write

MP3_FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes
ADTS_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + b"\0" * 9  # 16 bytes


def name_of(head):
    found = sniff(head)
    return found and found.name


@pytest.mark.parametrize(
    ("clip", "name"),
    [
        ("en_cards_16k.wav", "wav"),
        ("en_jfk_telephone_8k_ulaw.wav", "wav"),
        ("en_jfk_44k_stereo.flac", "flac"),
        ("en_jfk_44k.m4a", "m4a"),
        ("en_sonnet1_44k.mp3", "mp3"),
        ("en_sonnet2_48k.webm", "webm"),
        ("en_librispeech_video.mp4", "mp4"),
        ("en_ljspeech_22k_vorbis.ogg", "ogg"),
        ("en_fleurs0_48k_opus.ogg", "ogg"),
        ("fr_dictee_44k.aiff", "aiff"),
    ],
)
def test_real_clips_are_recognised_by_content(clip, name):
    with (CLIPS / clip).open("rb") as file:
        assert name_of(file.read(HEAD_BYTES)) == name


@pytest.mark.parametrize(
    ("file", "codec", "name"),
    [
        ("a.mka", "flac", "matroska"),
        ("a.aac", "aac", "adts"),
        ("a.mov", "pcm_s16le", "mov"),
        ("a.oga", "flac", "ogg"),
        ("a.mpeg", "mp2", "mpeg"),
    ],
)
def test_made_files_are_recognised_by_content(tmp_path, file, codec, name):
    made = write(tmp_path / file, tone(1, 440, 0.1), codec=codec)
    assert name_of(made.read_bytes()[:HEAD_BYTES]) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
        (b"RIFX\0\0\0\x24WAVEfmt ", "wav"),
        (b"FORM\0\0\0\x24AIFCFVER", "aiff"),
        (b"#!AMR\n\x3c", "amr"),
        (b"#!AMR-WB\n\x3c", "amr"),
        (MP3_FRAME * 2, "mp3"),
        (b"\0" * 100 + MP3_FRAME * 2, "mp3"),
        (b"\xff\xfd\x80\x00" + b"\0" * 414 + b"\xff\xfd\x80\x00", None),
        (b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10 + MP3_FRAME * 2, "mp3"),
        (b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10 + ADTS_FRAME * 2, "adts"),
        (b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10 + b"fLaC\0\0\0\x22", "flac"),
        (b"ID3\x04\0\0\0\0\0\0" + b"ID3\x03\0\0\0\0\0\0" + MP3_FRAME * 2, "mp3"),
        ((b"ID3\x04\0\0\x01\0\0\0" + b"\0" * HEAD_BYTES)[:HEAD_BYTES], "mp3"),
        (ADTS_FRAME * 2, "adts"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom", "m4a"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "mov"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0isom3gp4", "mp4"),
        (b"\0\0\0\x08wide\0\0\x10\0mdat" + b"\0" * 40, "mov"),
        (b"\0\0\x01\0moov" + b"\0" * 248 + b"\0\0\0\0mdat", "mov"),
        (b"\0\xff\0\0mdat" + b"\0" * 40, "mov"),
    ],
)
def test_rare_beginnings_are_known(head, name):
    assert name_of(head) == name


def zipped(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("song.mp3", MP3_FRAME * 3)
    return path.read_bytes()


NOT_AUDIO = {
    "empty": b"",
    "text": b"Call with the client, free text. " * 10,
    "utf-16 text": "\ufeffhello, this is text".encode("utf-16-le") * 50,
    "html": b"<!doctype html><audio src=x.mp3>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\xff" * 600,
    "gif": b"GIF89a" + b"\0" * 64,
    "pdf": b"%PDF-1.7\n",
    "gzip": b"\x1f\x8b\x08\0" + b"\0" * 64,
    "elf": b"\x7fELF\x02\x01\x01" + b"\0" * 64,
    "exe": b"MZ\x90\0" + b"\0" * 64,
    "m3u": b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/a.ts\n",
    "hls": b"#EXTM3U\n#EXT-X-VERSION:3\n",
    "concat script": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "pls": b"[playlist]\nFile1=http://127.0.0.1/\n",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\n",
    "dash": b"<?xml version='1.0'?><MPD></MPD>",
    "subtitles": b"1\n00:00:01,000 --> 00:00:02,000\nhello\n",
    "webvtt": b"WEBVTT\n\n",
    "avi": b"RIFF\0\0\0\0AVI LIST",
    "webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "midi": b"MThd\0\0\0\x06",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
    "image in mif1 with a film brand": b"\0\0\0\x1cftypmif1\0\0\0\0mif1isom",
    "unknown brand": b"\0\0\0\x14ftypXXXX\0\0\0\0YYYY",
    "matroska of another kind": b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88whatever",
    "ogg of another kind": b"OggS\0\x02" + b"\0" * 20 + b"\x01\x04abcd",
    "one frame of mp3 and noise": MP3_FRAME + b"\x12\x34" * 300,
    "id3 and nothing": b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10,
    "id3 and a zip": b"ID3\x04\0\0\0\0\0\0PK\x03\x04" + b"\0" * 64,
    "id3 of an impossible size": b"ID3\x04\0\0\xff\xff\xff\xff" + b"\0" * 64,
    "a chain of empty id3": b"ID3\x04\0\0\0\0\0\0" * 6553,
    "text that says mdat": b"the mdat atom",
    "text that says free": b"The free text of the note",
    "all ones": b"\xff" * 4096,
    "zeros": b"\0" * 4096,
}


@pytest.mark.parametrize("kind", NOT_AUDIO)
def test_everything_else_is_unknown(kind):
    assert sniff(NOT_AUDIO[kind]) is None


def test_an_archive_with_music_in_it_is_unknown(tmp_path):
    assert sniff(zipped(tmp_path)) is None


def test_no_cut_of_a_head_breaks_the_look_at_it():
    heads = [
        (CLIPS / clip).read_bytes()[:2048] for clip in ("en_jfk_44k.m4a", "en_sonnet1_44k.mp3", "en_sonnet2_48k.webm")
    ]
    heads += [b"\0\0\0\x01ftyp", b"OggS" + b"\xff" * 40, struct.pack(">I4s", 8, b"wide")]
    for head in heads:
        for length in range(0, len(head), 7):
            sniff(head[:length])
