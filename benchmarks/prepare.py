"""What preparing a recording costs: processor time against a bare `ffmpeg` decode of the same file, and peak memory.

    .venv/bin/python -m benchmarks.prepare

Both run as child processes, in turns; user and system time of each child are compared, start of the interpreter
included. Goals: at most 1.9 times the control, and at most 100 MB of resident memory for three hours of audio.
"""

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from apps.recordings.media import tools
from apps.recordings.media.formats import HEAD_BYTES, sniff

CLIPS = Path(__file__).parents[1] / "tests" / "data" / "audio"
SPEECH = ("en_sonnet1_44k.mp3", "en_sonnet2_48k.webm", "de_simplicissimus_44k.mp3", "en_jfk_44k.m4a")
"""Three minutes of real speech, repeated: long files of noise or silence would flatter one side or the other."""
MINUTES = 20
LONG_MINUTES = 180
REPEATS = 5
KINDS = {
    "mp3, 44.1 kHz stereo, 128 kbit/s": ("a.mp3", "libmp3lame", 44_100, "stereo", 128_000, {"compression_level": "9"}),
    "m4a, 48 kHz mono, 64 kbit/s": ("a.m4a", "aac", 48_000, "mono", 64_000, {"aac_coder": "fast"}),
    "opus, 48 kHz mono, 24 kbit/s": ("a.ogg", "libopus", 48_000, "mono", 24_000, {"compression_level": "0"}),
}
GOAL_RATIO = 1.9
GOAL_MB = 100


def main() -> None:
    if len(sys.argv) > 1:
        print(peak_mb(Path(sys.argv[1])))
        return
    control = shutil.which("ffmpeg")
    if control is None:
        print("no ffmpeg command here: processor time without its control")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, (file, codec, rate, layout, bits, options) in KINDS.items():
            path = encode(folder / file, codec, rate, layout, bits, options)
            compare(title, path, control)
        print_memory(long_mp3(folder))


def compare(title: str, path: Path, control: str | None) -> None:
    """Print the median processor seconds of both, measured in turns, and their ratio."""
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(cpu_seconds(lambda: prepare(path)))
        if control is not None:
            theirs.append(cpu_seconds(lambda: decode(control, path)))
    line = f"{MINUTES} min of {title}: {statistics.median(ours):.2f} s of processor time"
    if theirs:
        ratio = statistics.median(ours) / statistics.median(theirs)
        line += f", ffmpeg {statistics.median(theirs):.2f} s, ratio {ratio:.2f} (goal {GOAL_RATIO})"
    print(line)


def print_memory(path: Path) -> None:
    """Print the peak of a child that prepares three hours; asked in a process of its own, which has no other child."""
    command = [sys.executable, "-m", "benchmarks.prepare", str(path)]
    peak = float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    print(f"{LONG_MINUTES} min of mp3: peak resident memory {peak:.0f} MB (goal {GOAL_MB})")


def peak_mb(path: Path) -> float:
    prepare(path)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def prepare(path: Path) -> None:
    with path.open("rb") as file:
        found = sniff(file.read(HEAD_BYTES))
    if found is None:
        raise SystemExit(f"{path.name} was not recognised")
    with tempfile.TemporaryDirectory() as out:
        tools.prepare(path, found, Path(out))


def decode(control: str, path: Path) -> None:
    shape = ["-ac", "1", "-ar", "16000", "-f", "s16le", "-y", "/dev/null"]
    subprocess.run([control, "-v", "error", "-nostdin", "-i", str(path), *shape], check=True)


def cpu_seconds(work: Callable[[], None]) -> float:
    """User and system time of the children that `work` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def encode(path: Path, codec: str, rate: int, layout: str, bits: int, options: dict[str, str]) -> Path:
    """Write MINUTES of speech."""
    with av.open(str(path), "w") as out:
        stream = cast("AudioStream", out.add_stream(codec, rate=rate, layout=layout, options=options))
        stream.codec_context.bit_rate = bits
        wanted = MINUTES * 60 * rate
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate)
        for frame in speech_without_end():
            for ready in resampler.resample(frame):
                ready.pts = None
                out.mux(stream.encode(ready))
                wanted -= ready.samples
            if wanted <= 0:
                break
        out.mux(stream.encode(None))
    return path


def speech_without_end() -> Iterator[AudioFrame]:
    """Yield the frames of the clips, all at 48 kHz stereo, again and again."""
    while True:
        for clip in SPEECH:
            same = av.AudioResampler("s16", "stereo", 48_000)
            with av.open(str(CLIPS / clip)) as source:
                for frame in source.decode(audio=0):
                    yield from same.resample(frame)
                yield from same.resample(None)


def long_mp3(folder: Path) -> Path:
    """Repeat a real MP3 without its header: frames of MPEG audio stand alone."""
    bare, path = folder / "bare.mp3", folder / "long.mp3"
    with (
        av.open(str(CLIPS / SPEECH[0])) as source,
        av.open(str(bare), "w", options={"write_xing": "0", "id3v2_version": "0"}) as out,
    ):
        stream = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
        duration_ms = (source.duration or 0) // 1000
    with path.open("wb") as file:
        for _ in range(LONG_MINUTES * 60_000 // duration_ms):
            file.write(bare.read_bytes())
    return path


if __name__ == "__main__":
    main()
