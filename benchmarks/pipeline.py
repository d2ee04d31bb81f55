"""The pipeline's own share: accepted to completed with instant engines, against a raw Celery chain.

    python -m project.stack exec --fsync -- python -m benchmarks.pipeline

The control runs in the same workers in the same minutes: a chain of as many no-op tasks as the recording has stages,
and two durable commits (accepted, completed). Targets: p50 at most 1.5 times the control; 30 at once at least half the
control's rate.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"

import django

django.setup()

from celery import chain, current_app, signature  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from redis import Redis  # noqa: E402

from apps.accounts.models import Workspace  # noqa: E402
from apps.accounts.types import Actor  # noqa: E402
from apps.core.ids import uuid7  # noqa: E402
from apps.pipeline.models import Stage  # noqa: E402
from apps.pipeline.services.runs import recording_submit  # noqa: E402
from apps.recordings.models import Recording  # noqa: E402
from apps.recordings.types import RecordingDraft, StoredFile  # noqa: E402

LIST = "bench:chains"

ROUNDS = 30
BURST = 30
STAGES = 4
QUEUES = "media,stt,llm,deliver,default"
START_SECONDS = 60


def main() -> None:
    """Measure, interleaved, and print ratios."""
    call_command("migrate", verbosity=0)
    workspace = Workspace.objects.create(name=f"bench-{uuid7().hex[-12:]}")
    actor = Actor(workspace.pk, "benchmark")
    with workers():
        for warm in (chain_once, commits, lambda: recording_once(actor)):
            repeat(warm, 5)
        rounds = [(timed(chain_once), timed(commits), timed(lambda: recording_once(actor))) for _ in range(ROUNDS)]
        control = statistics.median(chained + committed for chained, committed, _ in rounds)
        ours = statistics.median(own for _, _, own in rounds)
        print(f"one at a time: {ours * 1000:.1f} ms, control {control * 1000:.1f} ms (p50 of {ROUNDS})")
        print(f"  ratio {ours / control:.2f} (target <= 1.5)")
        bursts = [(timed(chain_burst), timed(lambda: recording_burst(actor))) for _ in range(3)]
        control_rate = BURST / statistics.median(chained for chained, _ in bursts)
        rate = BURST / statistics.median(own for _, own in bursts)
        print(f"{BURST} at once: {rate:.1f} recordings a second, control {control_rate:.1f} chains a second")
        print(f"  ratio {rate / control_rate:.2f} (target >= 0.5)")
    stages = Stage.objects.filter(run__recording__workspace=workspace)
    print(f"stages per recording: {stages.count() / Recording.objects.filter(workspace=workspace).count():.1f}")


@contextmanager
def workers() -> Iterator[None]:
    """Run one worker with two children, as the embedded stack does, and end it afterwards."""
    command = [sys.executable, "-m", "celery", "-A", "project.celery", "worker", "-c", "2", "-Q", QUEUES]
    process = subprocess.Popen([*command, "-l", "WARNING"])
    try:
        deadline = time.monotonic() + START_SECONDS
        while not current_app.control.ping(timeout=1):
            if time.monotonic() > deadline:
                raise SystemExit("the worker did not start")
        yield
    finally:
        process.terminate()
        process.wait(60)


def chain_once() -> None:
    send_chain(0)
    await_chains(1)


def chain_burst() -> None:
    for number in range(BURST):
        send_chain(number)
    await_chains(BURST)


def send_chain(number: int) -> None:
    """Send as many tasks in a row as a recording has stages; the last one rings."""
    links = [signature("benchmarks.nothing", immutable=True) for _ in range(STAGES - 1)]
    chain(*links, signature("benchmarks.ring", args=(number,), immutable=True)).apply_async()


def await_chains(count: int) -> None:
    with Redis.from_url(settings.REDIS_URL) as redis:
        for _ in range(count):
            if redis.blpop([LIST], timeout=60) is None:
                raise SystemExit("a chain was lost")


def commits() -> None:
    """Two transactions that wait for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_commit (at timestamptz)")
        for _ in range(2):
            cursor.execute("INSERT INTO bench_commit VALUES (now())")


def recording_once(actor: Actor) -> None:
    await_completed([submit(actor)])


def recording_burst(actor: Actor) -> None:
    await_completed([submit(actor) for _ in range(BURST)])


def submit(actor: Actor) -> UUID:
    recording_id = uuid7()
    stored = StoredFile("none", 1, recording_id.hex * 2, "wav", "audio/wav")
    draft = RecordingDraft(scenario="general", language_code="en")
    return recording_submit(actor=actor, recording_id=recording_id, stored=stored, draft=draft).pk


def await_completed(ids: list[UUID]) -> None:
    """Look every millisecond; anything but `completed` stops the benchmark."""
    deadline = time.monotonic() + 120
    while True:
        rows = list(Recording.objects.filter(pk__in=ids).values_list("status", "error_code"))
        if all(status == Recording.Status.COMPLETED for status, _ in rows):
            return
        bad = [row for row in rows if row[0] in {"error", "needs_attention", "canceled"}]
        if bad or time.monotonic() > deadline:
            raise SystemExit(f"not completed: {bad or rows}")
        time.sleep(0.001)


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def repeat(work: Callable[[], None], times: int) -> None:
    for _ in range(times):
        work()


if __name__ == "__main__":
    main()
