"""Real workers that are killed, told to stop, or lose their database in the middle of a stage."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from redis import Redis

from apps.pipeline.models import Kind, Stage
from apps.pipeline.services import hints
from apps.providers.models import ProviderCall
from apps.recordings.models import Recording

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
CLIP = "en_cards_16k.wav"
PATIENCE_SECONDS = 60
QUEUES = "media,stt,llm,deliver,default"
# A lease that a test can wait for, and a shutdown that does not wait for the stage.
SHORT = {"STAGE_LEASE_SECONDS": "4", "STAGE_HEARTBEAT_SECONDS": "1", "SOFT_SHUTDOWN_SECONDS": "1"}


@dataclass(frozen=True)
class RealWorker:
    """A Celery worker with one child, whose preparations wait for `go`."""

    process: subprocess.Popen[bytes]
    folder: Path

    def begun(self, stage: Stage) -> None:
        wait_until((self.folder / f"{stage.pk}.begun").exists)

    def go(self) -> None:
        (self.folder / "go").touch()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the worker and its child, as the kernel does when memory runs out."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def cut_off(self) -> int:
        """End the worker's connections to the database; returns how many there were."""
        with connection.cursor() as cursor:
            cursor.execute("""
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
            """)
            return cursor.fetchone()[0]


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., RealWorker]]:
    """Start workers; they are gone after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(**variables: str) -> RealWorker:
        with Redis.from_url(os.environ["REDIS_URL"]) as redis:
            redis.flushdb()  # hints of other tests
        address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        own = {"DJANGO_SETTINGS_MODULE": "tests.fakes.held", "DATABASE_URL": address.geturl(), "HELD": str(tmp_path)}
        command = [sys.executable, "-m", "celery", "-A", "project.celery", "worker", "-c", "1", "-Q", QUEUES]
        with (tmp_path / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--without-gossip", "--without-mingle", "--loglevel=INFO"],
                cwd=ROOT,
                env=os.environ | own | {"REMAP_SIGTERM": "SIGQUIT"} | variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        return RealWorker(process, tmp_path)

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def status_of(recording: Recording) -> str:
    recording.refresh_from_db()
    return recording.status


def test_a_killed_workers_stage_is_taken_over_when_its_lease_ends(submit, work, start):
    worker = start(**SHORT)
    recording = submit(CLIP, language_code="en")
    stage = recording.runs.get().stages.get()
    worker.begun(stage)

    worker.kill()

    stage.refresh_from_db()
    assert (stage.status, stage.attempts, stage.lease_token) == (Stage.Status.RUNNING, 1, 1)
    assert hints.sweep() == 0, "nobody is told while the lease holds"
    wait_until(Stage.objects.due().exists)
    assert hints.sweep() == 1
    work()
    stage.refresh_from_db()
    assert (stage.status, stage.attempts, stage.lease_token) == (Stage.Status.DONE, 2, 2)
    assert status_of(recording) == Recording.Status.COMPLETED


def test_a_worker_that_is_told_to_stop_gives_its_stage_back_at_once(submit, work, start):
    worker = start(**SHORT | {"STAGE_LEASE_SECONDS": "60"})
    recording = submit(CLIP, language_code="en")
    stage = recording.runs.get().stages.get()
    worker.begun(stage)

    worker.stop()
    worker.process.wait(PATIENCE_SECONDS)

    stage.refresh_from_db()
    assert (stage.status, stage.attempts) == (Stage.Status.READY, 0), "long before its lease ends, unharmed"
    assert hints.sweep() == 1
    work()
    assert status_of(recording) == Recording.Status.COMPLETED


def test_a_worker_that_is_told_to_stop_begins_no_call(submit, start):
    worker = start(SOFT_SHUTDOWN_SECONDS="5")
    recording = submit(CLIP, language_code="en")
    stage = recording.runs.get().stages.get()
    worker.begun(stage)

    worker.stop()
    wait_until(lambda: b"Soft Shutdown" in (worker.folder / "worker.log").read_bytes())
    worker.go()
    worker.process.wait(PATIENCE_SECONDS)

    stage.refresh_from_db()
    assert stage.status == Stage.Status.DONE, "what was begun is ended"
    following = Stage.objects.get(run__recording=recording, kind=Kind.TRANSCRIBE)
    assert (following.status, following.attempts) == (Stage.Status.READY, 0)
    assert not ProviderCall.objects.exists()


def test_a_worker_outlives_a_database_that_goes_away_and_nothing_is_done_twice(submit, start):
    worker = start()
    first = submit(CLIP, language_code="en")
    stage = first.runs.get().stages.get()
    worker.begun(stage)

    assert worker.cut_off() >= 1, "in the middle of a stage"
    worker.go()
    wait_until(lambda: status_of(first) == Recording.Status.COMPLETED)
    stage.refresh_from_db()
    assert stage.attempts == 1, "the preparation was saved on a new connection"

    assert worker.cut_off() >= 1, "between two stages"
    second = submit("en_arctic_16k.wav", language_code="en")
    wait_until(lambda: status_of(second) == Recording.Status.COMPLETED)
    assert worker.process.poll() is None
    assert set(Stage.objects.values_list("attempts", flat=True)) == {1}


def test_a_worker_that_serves_all_queues_needs_one_message_for_a_recording(submit, start):
    worker = start()
    worker.go()
    recording = submit(CLIP, language_code="en")

    wait_until(lambda: status_of(recording) == Recording.Status.COMPLETED)

    log = (worker.folder / "worker.log").read_text()
    done = [line for line in log.splitlines() if str(recording.pk) in line and "stage_done" in line]
    tasks = {line.partition('"task_id": "')[2][:36] for line in done}
    assert len(done) == 4, log
    assert len(tasks) == 1
