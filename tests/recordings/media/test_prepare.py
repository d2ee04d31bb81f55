from pathlib import Path

import av
import numpy as np
import pytest

from apps.recordings.media import tools
from apps.recordings.media.formats import HEAD_BYTES, sniff
from apps.recordings.media.prepare import prepare as decode_and_write
from apps.recordings.media.source import source_open
from apps.recordings.media.types import MediaLimits
from tests.recordings.media.sounds import CLIPS, RATE, load, noise, tone, wav_header, write


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def prepare(out):
    """Prepare a file in this process, as the child does."""

    def run(path):
        with source_open(path, format_of(path), MediaLimits()) as source:
            return decode_and_write(source, out)

    return run


def format_of(path):
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES))


def samples_of(path):
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.mark.parametrize(
    ("clip", "duration_ms"),
    [
        ("en_cards_16k.wav", 3502),
        ("en_jfk_telephone_8k_ulaw.wav", 11_000),
        ("en_jfk_44k_stereo.flac", 11_000),
        ("en_onetwothree_44k_24bit_stereo.flac", 2744),
        ("en_jfk_44k.m4a", 11_006),
        ("en_sonnet1_44k.mp3", 53_266),
        ("en_sonnet2_48k.webm", 52_906),
        ("en_ljspeech_22k_vorbis.ogg", 7658),
        ("en_fleurs0_48k_opus.ogg", 10_560),
        ("fr_dictee_44k.aiff", 2532),
        ("en_librispeech_video.mp4", 5888),
    ],
)
def test_a_clip_becomes_one_mono_flac_as_long_as_its_audio_track(out, clip, duration_ms):
    prepared = tools.prepare(CLIPS / clip, format_of(CLIPS / clip), out)

    (channel,) = prepared.channels
    with av.open(str(channel.file)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("flac", RATE, 1)
        assert container.metadata == {}
    assert prepared.duration_ms == len(samples_of(channel.file)) * 1000 // RATE
    assert prepared.duration_ms == pytest.approx(duration_ms, abs=2)
    assert prepared.playback == channel.file
    assert channel.speech
    assert 0 < len(prepared.peaks) <= 2000
    assert all(0 <= peak <= 100 for peak in prepared.peaks)


def test_the_sound_stays_what_it_was(prepare):
    original = samples_of(CLIPS / "en_cards_16k.wav")
    prepared = prepare(CLIPS / "en_cards_16k.wav")
    assert np.array_equal(samples_of(prepared.playback), original)


def test_the_same_file_gives_the_same_bytes(prepare):
    first = prepare(CLIPS / "en_jfk_44k.m4a").playback.read_bytes()
    assert prepare(CLIPS / "en_jfk_44k.m4a").playback.read_bytes() == first


def test_each_packet_of_the_file_is_demuxed_and_decoded_once(prepare):
    with av.open(str(CLIPS / "en_sonnet1_44k.mp3")) as container:
        packets = sum(1 for _ in container.demux(audio=0))

    prepared = prepare(CLIPS / "en_sonnet1_44k.mp3")

    assert (prepared.packets, prepared.bad_packets) == (packets, 0)


@pytest.mark.parametrize(
    ("codec", "name", "rate", "layout"),
    [
        ("pcm_s16le", "a.wav", 8_000, "mono"),
        ("pcm_s24le", "a.wav", 96_000, "mono"),
        ("pcm_f32le", "a.wav", 48_000, "mono"),
        ("pcm_f64le", "a.wav", 44_100, "stereo"),
        ("pcm_mulaw", "a.wav", 8_000, "mono"),
        ("pcm_alaw", "a.wav", 8_000, "mono"),
        ("adpcm_ima_wav", "a.wav", 44_100, "mono"),
        ("mp2", "a.mpeg", 44_100, "mono"),
        ("pcm_s16le", "a.wav", 48_000, "5.1"),
        ("flac", "a.flac", 96_000, "5.1"),
        ("flac", "a.flac", 192_000, "mono"),
        ("pcm_s24be", "a.aiff", 44_100, "mono"),
        ("libmp3lame", "a.mp3", 24_000, "mono"),
        ("aac", "a.aac", 32_000, "mono"),
        ("aac", "a.mov", 48_000, "5.1"),
        ("alac", "a.m4a", 44_100, "stereo"),
        ("libopus", "a.webm", 48_000, "mono"),
        ("flac", "a.mka", 16_000, "mono"),
        ("flac", "a.ogg", 16_000, "mono"),
    ],
)
def test_any_rate_width_and_layout_is_brought_to_16_khz(prepare, tmp_path, codec, name, rate, layout):
    (speech,) = load("en_austen870_16k.wav")
    rows = np.tile(speech, (av.AudioLayout(layout).nb_channels, 1))
    made = write(tmp_path / name, rows, codec=codec, rate=rate, layout=layout)

    prepared = prepare(made)

    assert prepared.duration_ms == pytest.approx(7100, abs=150)
    assert (prepared.sample_rate, prepared.source_channels) == (rate, len(rows))
    assert len(prepared.channels) == 1
    assert prepared.channels[0].speech_ms > 6_000


def test_the_audio_behind_a_video_track_is_taken(prepare, tmp_path):
    (speech,) = load("en_cards_16k.wav")
    prepared = prepare(write(tmp_path / "a.mp4", speech, codec="aac", picture_first=True))
    assert prepared.codec == "aac"
    assert prepared.channels[0].speech


def test_headers_of_programs_that_cannot_seek_back_are_legal(prepare, tmp_path):
    sound = samples_of(CLIPS / "en_cards_16k.wav").tobytes()
    for number, claimed in enumerate((0, 0x7FFFF000, 0xFFFFFFFF)):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(wav_header(claimed) + sound)
        assert prepare(path).duration_ms == len(sound) // 32


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.webm", "libopus", {"live": "1"}),
        ("a.mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}),
        ("a.m4a", "aac", {"movflags": "faststart"}),
        ("a.mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),
    ],
)
def test_streams_without_a_length_and_moved_indexes_are_legal(prepare, tmp_path, name, codec, options):
    (speech,) = load("en_cards_16k.wav")
    made = write(tmp_path / name, speech, codec=codec, rate=48_000, options=options)
    assert prepare(made).duration_ms == pytest.approx(3502, abs=150)


def call(crosstalk=0.0):
    """Two people in turns, one on each channel."""
    (one,), (two,) = load("en_austen870_16k.wav"), load("en_arctic_16k.wav")
    gap = np.zeros(RATE // 2)
    left = np.concatenate([one, gap, two * 0, gap, one, gap, two * 0])
    right = np.concatenate([one * 0, gap, two, gap, one * 0, gap, two])
    return np.stack([left + crosstalk * right, right + crosstalk * left])


@pytest.mark.parametrize("crosstalk", [0, 0.1])
def test_the_two_sides_of_a_call_are_kept_apart(prepare, tmp_path, crosstalk):
    sides = call(crosstalk)
    prepared = prepare(write(tmp_path / "call.wav", sides, codec="pcm_s16le"))

    assert len(prepared.channels) == 2
    for channel, side in zip(prepared.channels, sides, strict=True):
        assert np.abs(samples_of(channel.file) / 32768 - side).max() < 3 / 32768
    mix = samples_of(prepared.playback) / 32768
    assert np.abs(mix - sides.mean(axis=0)).max() < 3 / 32768
    left, right = prepared.channels
    assert left.speech[0].start_ms < 500
    if not crosstalk:
        assert 7_000 < right.speech[0].start_ms < 8_000


def names_in(folder: Path):
    return sorted(file.name for file in folder.iterdir())


STEREO = {
    "one sound twice": lambda one: np.stack([one, one]),
    "one louder than the other": lambda one: np.stack([one, one * 0.5]),
    "two microphones in one room": lambda one: np.stack([one, np.roll(one, 160) * 0.7 + noise(len(one) / RATE, 0.002)]),
    "one channel is empty": lambda one: np.stack([one, one * 0]),
    "one channel only hisses": lambda one: np.stack([one, noise(len(one) / RATE, 0.001)]),
    "silence in both": lambda one: np.stack([one * 0, one * 0]),
}


@pytest.mark.parametrize("kind", STEREO)
def test_one_voice_on_two_channels_stays_one(prepare, tmp_path, kind):
    (one,) = load("en_jfk_44k_stereo.flac")
    prepared = prepare(write(tmp_path / "a.wav", STEREO[kind](one), codec="pcm_s16le"))

    assert [channel.file.name for channel in prepared.channels] == ["mix.flac"]
    assert names_in(tmp_path / "out") == ["mix.flac"]


def test_channels_connected_the_wrong_way_round_do_not_cancel(prepare, tmp_path):
    (one,) = load("en_austen870_16k.wav")
    prepared = prepare(write(tmp_path / "a.wav", np.stack([one, -one]), codec="pcm_s16le"))

    assert len(prepared.channels) == 1
    assert prepared.channels[0].speech
    assert np.abs(samples_of(prepared.playback) / 32768 - one).max() < 3 / 32768


@pytest.mark.parametrize("sound", [np.zeros(5 * RATE), noise(5, 0.03), tone(5, 440, 0.5)])
def test_audio_without_speech_has_no_regions(prepare, tmp_path, sound):
    prepared = prepare(write(tmp_path / "a.flac", sound, codec="flac"))
    assert [channel.speech for channel in prepared.channels] == [()]
    assert prepared.levels.speech_dbfs is None


def test_levels_are_what_their_names_say(prepare, tmp_path):
    half = np.concatenate([tone(5, 1000, 0.5), np.zeros(5 * RATE)])
    levels = prepare(write(tmp_path / "a.wav", half, codec="pcm_s16le")).levels

    assert levels.peak_dbfs == pytest.approx(-6.0, abs=0.1)
    assert levels.rms_dbfs == pytest.approx(-12.0, abs=0.1)  # a sine 3 dB below its peak, half of the time
    assert levels.silence_share == pytest.approx(0.5, abs=0.01)
    assert levels.clipping_share == 0


def test_clipping_is_measured_as_a_share_of_the_samples(prepare, tmp_path):
    square = np.where(np.arange(5 * RATE) % 160 < 80, 1.0, 0.0)
    levels = prepare(write(tmp_path / "a.wav", square, codec="pcm_s16le")).levels
    assert levels.clipping_share == pytest.approx(0.5, abs=0.01)


def test_the_waveform_shows_where_it_is_loud(prepare, tmp_path):
    sound = np.concatenate([tone(50, 440, 0.1), tone(50, 440, 0.8)])
    peaks = prepare(write(tmp_path / "a.flac", sound, codec="flac")).peaks

    assert len(peaks) == 2000
    assert set(peaks[:999]) <= {9, 10}
    assert set(peaks[1001:]) <= {79, 80}


def test_a_change_of_rate_and_layout_on_the_way_goes_on(prepare, tmp_path):
    (speech,) = load("en_cards_16k.wav")
    parts = [
        write(tmp_path / "1.aac", speech, codec="aac", rate=16_000),
        write(tmp_path / "2.aac", np.stack([speech, speech]), codec="aac", rate=48_000),
    ]
    both = tmp_path / "both.aac"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))

    assert prepare(both).duration_ms == pytest.approx(2 * 3502, abs=300)
