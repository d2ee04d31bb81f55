"""The pipeline's own share: accepted to completed with instant engines, against a raw Celery chain.

    python -m project.stack exec --fsync -- python -m benchmarks.pipeline

The control (benchmarks/control.py) runs in the same workers in the same minutes: as many no-op tasks in a chain as the
recording has stages, and two durable commits (accepted, completed). Both are awaited in the same way. Targets: p50 at
most 1.5 times the control; 30 at once at least half the control's rate.

For information: the same with engines that charge, whose answers wait for the disk four times more, and with the real
preparation of a compressed file of 1 MB, where the best peer finishes six recordings a second.
"""

import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"

import django

django.setup()

import av  # noqa: E402
import psutil  # noqa: E402
import psycopg  # noqa: E402
from celery import current_app  # noqa: E402
from django.core.management import call_command  # noqa: E402

from apps.accounts.models import Workspace  # noqa: E402
from apps.accounts.types import Actor  # noqa: E402
from apps.core import storage  # noqa: E402
from apps.core.ids import uuid7  # noqa: E402
from apps.pipeline.models import Stage  # noqa: E402
from apps.pipeline.services.runs import recording_submit  # noqa: E402
from apps.recordings.models import Recording  # noqa: E402
from apps.recordings.types import RecordingDraft, StoredFile  # noqa: E402
from benchmarks import control  # noqa: E402

ROUNDS = 40
BURSTS = 7
BURST = 30
STAGES = 4
QUEUES = "media,stt,llm,deliver,default"
START_SECONDS = 60
PATIENCE_SECONDS = 120

SPEECH = Path(__file__).parent.parent / "tests" / "data" / "audio" / "de_simplicissimus_44k.mp3"
CLIP_KEY = "bench/clip.mp3"
CLIP_SECONDS = 64


@dataclass(frozen=True, slots=True)
class Case:
    """Something that is submitted, worked on elsewhere, and awaited."""

    submit: Callable[[], Any]
    open_query: str
    """Counts those of a list of ids that are not done yet."""


CONTROL = Case(lambda: control.submit(STAGES), "SELECT count(*) FROM bench_work WHERE id = ANY(%s) AND NOT is_done")
OPEN_RECORDINGS = "SELECT count(*) FROM recordings_recording WHERE id = ANY(%s) AND status IN ('queued', 'processing')"


def main() -> None:
    """Measure, interleaved, and print ratios."""
    call_command("migrate", verbosity=0)
    control.table_create()
    workspace = Workspace.objects.create(name=f"bench-{uuid7().hex[-12:]}")
    actor = Actor(workspace.pk, "benchmark")
    made = Case(lambda: submit(actor, StoredFile("none", 1, uuid7().hex * 2, "wav", "audio/wav")), OPEN_RECORDINGS)
    with workers():
        compare("", made)
    with workers(BENCH_ENGINES="charging"):
        compare("engines that charge, ", made)
    with workers(BENCH_STEPS="real"):
        prepare_really(actor)
    check(workspace)


def compare(prefix: str, made: Case) -> None:
    """Print latency, rate and processor time of recordings beside the control's."""
    for case in (CONTROL, made):
        seconds(case, 10, pause=0.005)
    ones = [(seconds(CONTROL, 1, pause=0.001), seconds(made, 1, pause=0.001)) for _ in range(ROUNDS)]
    theirs, ours = (statistics.median(column) for column in zip(*ones, strict=True))
    print(f"{prefix}one at a time: {ours * 1000:.1f} ms, control {theirs * 1000:.1f} ms (p50 of {ROUNDS})")
    print(f"  ratio {ours / theirs:.2f} (target <= 1.5)")
    bursts = [(measured(CONTROL, BURST), measured(made, BURST)) for _ in range(BURSTS)]
    theirs, ours = (BURST / statistics.median(burst[0] for burst in column) for column in zip(*bursts, strict=True))
    print(f"{prefix}{BURST} at once: {ours:.1f} recordings a second, control {theirs:.1f} chains a second")
    print(f"  ratio {ours / theirs:.2f} (target >= 0.5)")
    theirs, ours = (statistics.median(burst[1] for burst in column) / BURST for column in zip(*bursts, strict=True))
    print(f"  processor time of all processes: {ours * 1000:.1f} ms, control {theirs * 1000:.1f} ms")


def prepare_really(actor: Actor) -> None:
    """Print how many recordings a second are finished when only the engine is instant."""
    clip = compressed_speech()
    storage.client().put_object(Bucket=storage.bucket(), Key=CLIP_KEY, Body=clip)
    case = Case(
        lambda: submit(actor, StoredFile(CLIP_KEY, len(clip), uuid7().hex * 2, "mp3", "audio/mpeg")), OPEN_RECORDINGS
    )
    seconds(case, 2, pause=0.01)
    one = statistics.median(seconds(case, 1, pause=0.005) for _ in range(5))
    rate = BURST / seconds(case, BURST, pause=0.02)
    print(f"with real preparation of {len(clip) / 1e6:.2f} MB mp3, {CLIP_SECONDS} s:")
    print(f"  one at a time {one * 1000:.0f} ms; {BURST} at once: {rate:.1f} a second (best peer: 6)")


@contextmanager
def workers(**variables: str) -> Iterator[None]:
    """Run one worker with two children for all queues, and end it afterwards."""
    command = [sys.executable, "-m", "celery", "-A", "project.celery", "worker", "-c", "2", "-Q", QUEUES]
    command += ["--loglevel=INFO", "--without-gossip", "--without-mingle"]
    log = Path(os.environ.get("BENCH_LOG", os.devnull)).open("ab")  # noqa: SIM115 - closed with the worker
    process = subprocess.Popen(command, env=os.environ | variables, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not current_app.control.ping(timeout=1):
            if time.monotonic() > deadline:
                raise SystemExit("the worker did not start")
        yield
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def submit(actor: Actor, stored: StoredFile) -> Any:  # noqa: ANN401 - an id
    draft = RecordingDraft(scenario="general", language_code="en")
    return recording_submit(actor=actor, recording_id=uuid7(), stored=stored, draft=draft).pk


def measured(case: Case, count: int) -> tuple[float, float]:
    """Return the wall time and the processor time of all processes, in seconds."""
    before = processor_seconds()
    wall = seconds(case, count, pause=0.005)
    return wall, processor_seconds() - before


def seconds(case: Case, count: int, *, pause: float) -> float:
    """Return the time from the first submission until all are done."""
    started = time.perf_counter()
    ids = [case.submit() for _ in range(count)]
    wait(case.open_query, ids, pause=pause)
    return time.perf_counter() - started


def wait(open_query: str, ids: Sequence[object], *, pause: float) -> None:
    """Look every `pause` seconds, by the cheapest means there is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        while True:
            time.sleep(pause)
            (count,) = database.execute(open_query, [ids]).fetchone() or (None,)
            if not count:
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"{count} of {len(ids)} are not done after {PATIENCE_SECONDS} s")


def processor_seconds() -> float:
    """Return what we, the workers and the servers have used of the processors."""
    family = psutil.Process().parent() or psutil.Process()
    total = 0.0
    for process in [family, *family.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def check(workspace: Workspace) -> None:
    """A recording that did not complete, or has fewer stages than the control has links, spoils the figures."""
    recordings = Recording.objects.filter(workspace=workspace)
    bad = recordings.exclude(status=Recording.Status.COMPLETED).values_list("status", "error_code").first()
    stages = Stage.objects.filter(run__recording__workspace=workspace, status=Stage.Status.DONE)
    if bad or stages.count() != STAGES * recordings.count():
        raise SystemExit(f"not completed: {bad}, {stages.count()} stages of {recordings.count()} recordings")
    print(f"{recordings.count()} recordings completed, {STAGES} stages each")


def compressed_speech() -> bytes:
    """Return a minute of speech at 128 kbit/s, as the peers got it."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as target:
        encoder = target.add_stream("libmp3lame", rate=44_100, layout="mono", bit_rate=128_000)
        at = 0
        while at < CLIP_SECONDS * 44_100:
            with av.open(str(SPEECH)) as source:
                for frame in source.decode(audio=0):
                    frame.pts, frame.time_base = at, Fraction(1, 44_100)
                    target.mux(encoder.encode(frame))
                    at += frame.samples
                    if at >= CLIP_SECONDS * 44_100:
                        break
        target.mux(encoder.encode(None))
    return file.getvalue()


if __name__ == "__main__":
    main()
