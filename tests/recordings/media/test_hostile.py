import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest

from apps.core.child import ChildFailedError, ChildStoppedError
from apps.recordings.errors import (
    CorruptedAudioError,
    DecoderKilledError,
    MediaTooLongError,
    NoAudioError,
    NoSpaceLeftError,
)
from apps.recordings.media import tools
from apps.recordings.media.child import handle
from apps.recordings.media.formats import AMR, FLAC, FORMATS, HEAD_BYTES, MP3, WAV, sniff
from apps.recordings.media.types import MediaLimits
from tests.recordings.media.sounds import CLIPS, RATE, add_video, load, show, tone, wav_header, write

SHORT = MediaLimits(max_duration_ms=60_000)


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def format_of(path):
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES))


def reason_for(path, fmt, out):
    """Prepare a file in this process, as the child does, and return why it cannot be done."""
    request = {"action": "prepare", "source": str(path), "format": fmt.name, "limits": {}, "out": str(out)}
    with pytest.raises(ChildFailedError) as caught:
        handle(request)
    return caught.value.reason


@pytest.mark.parametrize(
    "clip",
    [
        "en_cards_16k.wav",
        "en_jfk_telephone_8k_ulaw.wav",
        "en_jfk_44k_stereo.flac",
        "en_jfk_44k.m4a",
        "en_sonnet1_44k.mp3",
        "en_sonnet2_48k.webm",
        "en_librispeech_video.mp4",
        "en_ljspeech_22k_vorbis.ogg",
        "en_fleurs0_48k_opus.ogg",
        "fr_dictee_44k.aiff",
    ],
)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_file_whose_end_is_missing_is_corrupted(tmp_path, out, clip, share):
    whole = (CLIPS / clip).read_bytes()
    cut = tmp_path / clip
    cut.write_bytes(whole[: int(len(whole) * share)])
    assert reason_for(cut, format_of(cut), out) == "corrupted_audio_file"


def test_a_film_whose_index_comes_first_is_corrupted_when_its_end_is_missing(tmp_path, out):
    whole = write(tmp_path / "a.m4a", load("en_cards_16k.wav"), codec="aac", options={"movflags": "faststart"})
    os.truncate(whole, whole.stat().st_size * 2 // 3)
    with pytest.raises(CorruptedAudioError):
        tools.prepare(whole, format_of(whole), out)


def test_a_wav_of_a_compressed_codec_is_corrupted_when_its_end_is_missing(tmp_path, out):
    whole = write(tmp_path / "a.wav", load("en_sonnet2_48k.webm"), codec="adpcm_ima_wav")
    os.truncate(whole, whole.stat().st_size * 9 // 10)
    assert reason_for(whole, WAV, out) == "corrupted_audio_file"


@pytest.mark.parametrize("clip", ["en_sonnet1_44k.mp3", "en_jfk_44k_stereo.flac", "en_fleurs0_48k_opus.ogg"])
def test_garbage_behind_a_header_is_corrupted(tmp_path, out, clip):
    path = tmp_path / clip
    garbage = np.random.default_rng(1).bytes(200_000)
    path.write_bytes((CLIPS / clip).read_bytes()[:2048] + garbage)
    with pytest.raises(CorruptedAudioError):
        tools.prepare(path, format_of(path), out)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, np.random.default_rng(2).bytes(5000)], ids=["0", "zeros", "random"]
)
def test_what_no_demuxer_can_read_is_corrupted(tmp_path, fmt, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert reason_for(path, fmt, tmp_path) in {"corrupted_audio_file", "no_audio_in_file"}


def test_one_damaged_spot_does_not_spoil_a_recording(tmp_path, out):
    content = bytearray((CLIPS / "en_sonnet1_44k.mp3").read_bytes())
    content[200_000:200_300] = b"\x55" * 300
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert tools.prepare(path, MP3, out).duration_ms == pytest.approx(53_266, abs=200)


def test_a_video_without_sound_has_no_audio(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as film:
        show(film, add_video(film))
    with pytest.raises(NoAudioError):
        tools.probe(path, format_of(path))


def silent_flac(path, hours):
    """Hours of digital silence: a few bytes a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono", format="s16", options={"frame_size": "65535"})
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 65_535 * 64), np.int16), format="s16", layout="mono")
        for _ in range(int(hours * 3600 * RATE / frame.samples)):
            frame.sample_rate, frame.pts = RATE, None
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def announcing(path, samples):
    """Let a FLAC file announce this many samples, in the 36 bits that its header has for that; 0 means unknown."""
    content = bytearray(path.read_bytes())
    content[21:26] = ((content[21] & 0xF0) << 32 | samples).to_bytes(5, "big")
    path.write_bytes(content)
    return path


def test_five_hours_of_silence_are_refused_by_their_header_alone(tmp_path):
    path = announcing(silent_flac(tmp_path / "a.flac", 0.01), 5 * 3600 * RATE)
    with pytest.raises(MediaTooLongError):
        tools.probe(path, FLAC)


def test_a_header_that_hides_the_length_is_found_out_while_decoding(tmp_path, out):
    path = announcing(silent_flac(tmp_path / "a.flac", 0.1), 0)

    assert tools.probe(path, FLAC, limits=SHORT).duration_ms is None
    with pytest.raises(MediaTooLongError):
        tools.prepare(path, FLAC, out, limits=SHORT)
    assert sum(file.stat().st_size for file in out.iterdir()) < 1_000_000


def test_an_endless_stream_of_headerless_frames_is_stopped(tmp_path, out):
    path = tmp_path / "a.amr"
    path.write_bytes(b"#!AMR\n" + (b"\x3c" + b"\0" * 31) * 50 * 120)
    with pytest.raises(MediaTooLongError):
        tools.prepare(path, AMR, out, limits=SHORT)


@pytest.mark.parametrize("rate", [1, 500, 1_000_000])
def test_silly_sample_rates_are_refused(tmp_path, rate):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_header(32_000, rate=rate) + bytes(32_000))
    with pytest.raises(CorruptedAudioError, match="samples a second"):
        tools.probe(path, WAV)


def test_too_many_channels_are_refused(tmp_path):
    path = tmp_path / "a.wav"
    header = bytearray(wav_header(32_000))
    header[22] = 16  # channels
    path.write_bytes(header + bytes(32_000))
    with pytest.raises(CorruptedAudioError, match="16 channels"):
        tools.probe(path, WAV)


def test_a_codec_that_nobody_records_with_is_not_started(tmp_path):
    made = write(tmp_path / "a.wav", tone(1, 440, 0.1), codec="adpcm_yamaha")
    with pytest.raises(CorruptedAudioError, match="adpcm_yamaha is not supported"):
        tools.probe(made, format_of(made))


def test_a_huge_tag_before_the_sound_is_skipped(tmp_path, out):
    size = 40_000_000
    tag = b"ID3\x04\0\0" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    length = sum((tag[6 + index]) << shift for index, shift in enumerate((21, 14, 7, 0)))
    path = tmp_path / "a.mp3"
    path.write_bytes(tag + bytes(length) + (CLIPS / "en_sonnet1_44k.mp3").read_bytes())
    assert format_of(path) is MP3
    assert tools.prepare(path, MP3, out).duration_ms == pytest.approx(53_266, abs=100)


@pytest.fixture
def canary():
    """A server that no file may make us call; yields its address and the requests it got."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_error(404)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", ["a.mp3", "a.m3u8", "a.wav"])
@pytest.mark.parametrize(
    "script",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {url}/a.mp3\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>{url}/</BaseURL></MPD>",
    ],
)
def test_no_script_makes_us_open_an_address(tmp_path, canary, name, script):
    url, seen = canary
    path = tmp_path / name
    path.write_text(script.format(url=url))

    assert format_of(path) is None
    for fmt in FORMATS.values():  # and if it did get through
        assert reason_for(path, fmt, tmp_path) == "corrupted_audio_file"

    assert seen == []


def test_a_film_that_points_to_another_file_does_not_get_it(tmp_path, canary):
    """QuickTime may keep its sound elsewhere: the data reference says where."""
    url, seen = canary
    (speech,) = load("en_cards_16k.wav")
    film = write(tmp_path / "a.mov", speech, codec="pcm_s16le")
    shutil.copy(CLIPS / "en_cards_16k.wav", tmp_path / "b.wav")
    content = film.read_bytes()
    reference = b"\0\0\0\x0curl \0\0\0\1"
    assert reference in content
    target = f"{url}/b.wav".encode() + b"\0"
    film.write_bytes(content.replace(reference, (12 + len(target)).to_bytes(4, "big") + b"url \0\0\0\0" + target))

    with pytest.raises((CorruptedAudioError, NoAudioError)):
        tools.probe(film, format_of(film))
    assert seen == []


def test_a_decoder_over_its_limits_is_killed(tmp_path, out, monkeypatch):
    monkeypatch.setattr(tools, "_MEMORY_BYTES", 60 << 20)
    with pytest.raises(DecoderKilledError):
        tools.prepare(CLIPS / "en_cards_16k.wav", WAV, out)


def test_a_full_disk_is_not_the_fault_of_the_file(tmp_path, out):
    (out / "mix.flac").symlink_to("/dev/full")
    with pytest.raises(NoSpaceLeftError):
        tools.prepare(CLIPS / "en_sonnet2_48k.webm", FORMATS["webm"], out)


def test_work_that_nobody_wants_any_more_is_stopped(tmp_path, out):
    path = silent_flac(tmp_path / "a.flac", 1)
    stop = threading.Event()
    stop.set()
    with pytest.raises(ChildStoppedError):
        tools.prepare(path, FLAC, out, stop=stop)
