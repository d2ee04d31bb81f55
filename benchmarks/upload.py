"""Uploads against raw S3: throughput, memory, time to accept. Run inside `python -m project.stack exec --`.

    python -m project.stack exec --fsync -- python -m benchmarks.upload [--url http://... --key vox_... --pid N]

Without `--url` it starts the product's web server with its database, broker and storage; there are no workers, which
would take processor time from both sides. Every figure is a ratio of medians of interleaved repeats in this run; the
control stands beside it.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

import psutil  # noqa: E402
import psycopg  # noqa: E402
from django.core.management import call_command  # noqa: E402
from redis import Redis  # noqa: E402

from apps.accounts import services as accounts  # noqa: E402
from apps.core import storage  # noqa: E402
from apps.core.ids import uuid7  # noqa: E402
from project.celery import app as celery_app  # noqa: E402

MB = 1_000_000
BLOCK = os.urandom(1024 * 1024)
WAV_HEAD = bytes.fromhex("52494646ffffffff57415645666d7420100000000100010080bb000000770100020010006461746100ffff7f")
BOUNDARY = "benchmark-boundary"
FORM_HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
).encode()
FORM_TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
LARGE_BYTES = 200 * MB
CONTROL_KEY = "bench/control"


@dataclass(frozen=True, slots=True)
class Target:
    """A web server to upload to, and the process whose tree is weighed."""

    url: str
    key: str
    pid: int
    made: list[str] = field(default_factory=list)
    """Addresses of the recordings, to be deleted in the end."""

    def connect(self) -> http.client.HTTPConnection:
        address = urlsplit(self.url)
        return http.client.HTTPConnection(address.hostname or "", address.port)

    def post(self, size: int, *, form: bool = False, connection: http.client.HTTPConnection | None = None) -> None:
        """Upload `size` bytes of noise that look like a wav file; anything but 202 stops the benchmark."""
        used = connection or self.connect()
        framing = (FORM_HEAD, FORM_TAIL) if form else (b"", b"")
        used.putrequest("POST", "/api/v1/recordings")
        used.putheader("Authorization", f"Bearer {self.key}")
        used.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}" if form else "audio/wav")
        used.putheader("Content-Length", str(size + sum(map(len, framing))))
        used.endheaders()
        used.send(framing[0])
        for block in noise(size):
            used.send(block)
        used.send(framing[1])
        answer = used.getresponse()
        text = answer.read()
        if connection is None:
            used.close()
        if answer.status != http.client.ACCEPTED:
            raise SystemExit(f"{answer.status}: {text[:500]!r}")
        self.made.append(f"/api/v1/recordings/{json.loads(text)['id']}")

    def clean(self) -> None:
        """Delete what was uploaded."""
        connection = self.connect()
        for address in self.made:
            connection.request("DELETE", address, headers={"Authorization": f"Bearer {self.key}"})
            connection.getresponse().read()
        connection.close()


def noise(size: int) -> Iterator[bytes | memoryview]:
    """Yield `size` bytes in blocks, the first with a wav header; random parts make every file its own."""
    yield (WAV_HEAD + os.urandom(64))[:size]
    left = size - len(WAV_HEAD) - 64
    while left > 0:
        yield memoryview(BLOCK)[: min(left, len(BLOCK))]
        left -= len(BLOCK)


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(cases: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Run the cases in turn, one round to warm up and `repeats` that count; return each median in seconds."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(repeats + 1):
        for name, work in cases.items():
            taken = seconds(work)
            if turn:
                times[name].append(taken)
    return {name: statistics.median(values) for name, values in times.items()}


def put(data: bytes) -> None:
    """Do what the API's answer has to contain at least: the bytes in S3, by one plain request."""
    storage.client().put_object(Bucket=storage.bucket(), Key=CONTROL_KEY, Body=data)


def throughput(target: Target, repeats: int) -> None:
    """200 MB through the API, both shapes, against the same bytes by one raw put_object."""
    data = b"".join(noise(LARGE_BYTES))
    found = medians(
        {
            "put": lambda: put(data),
            "raw": lambda: target.post(LARGE_BYTES),
            "form": lambda: target.post(LARGE_BYTES, form=True),
        },
        repeats,
    )
    control = found["put"]
    print(f"upload 200 MB: raw boto3 PUT {LARGE_BYTES / MB / control:.0f} MB/s (control)")
    for name, goal in (("raw", 0.85), ("form", 0.70)):
        rate = LARGE_BYTES / MB / found[name]
        print(f"  {name:4} {rate:4.0f} MB/s = {control / found[name]:.2f} x control (goal >= {goal})")


def accept(target: Target, repeats: int) -> None:
    """1 MB until the answer, against PUT + durable commit + enqueue done one after the other."""
    data = b"".join(noise(MB))
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        database.execute("create table if not exists bench_commit (at timestamptz)")

        def control() -> None:
            put(data)
            database.execute("insert into bench_commit values (now())")
            celery_app.send_task("bench.nothing", kwargs={"stage_id": 1}, queue="bench")

        connection = target.connect()  # kept open, as the control's are
        found = medians({"control": control, "api": lambda: target.post(MB, connection=connection)}, repeats)
        connection.close()
        database.execute("drop table bench_commit")
    Redis.from_url(os.environ["REDIS_URL"]).delete("bench")
    ratio = found["api"] / found["control"]
    print(
        f"accept 1 MB: p50 {found['api'] * 1000:.1f} ms = {ratio:.2f} x control {found['control'] * 1000:.1f} ms "
        "(PUT + commit + enqueue; goal <= 1.3)"
    )


def memory(target: Target) -> None:
    """Growth of the web processes' memory (PSS, all together) while one upload runs."""
    # Every worker has served before: the first request costs code and connections, not upload memory.
    for _ in range(3):
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(target.post, [10 * MB] * 8))
    growth: dict[int, float] = {}
    for size in (100 * MB, 1000 * MB):
        with peak(target.pid) as found:
            target.post(size)
        growth[size] = found[0]
    small, large = growth.values()
    print(f"memory: +{small:.1f} MB at 100 MB, +{large:.1f} MB at 1 GB (goal <= 32)")
    print(f"  {large / small:.2f} x (goal <= 1.2)")


@contextmanager
def peak(pid: int) -> Iterator[list[float]]:
    """Sample the tree below `pid`; the list has one number afterwards: the growth in MB."""
    root = psutil.Process(pid)

    def weigh() -> float:
        return float(sum(each.memory_full_info().pss for each in (root, *root.children(recursive=True))) / MB)

    start = weigh()
    samples, found = [start], list[float]()
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.05):
            samples.append(weigh())

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()
        found.append(max(samples) - start)


@contextmanager
def own_server() -> Iterator[Target]:
    """Start the product's web server on the servers of this run, without limits of rate."""
    call_command("migrate", verbosity=0)
    workspace = accounts.workspace_create(name=f"bench-{uuid7().hex[-12:]}")
    key = accounts.api_key_create(workspace=workspace, name="benchmark")[1]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-c", "python:project.gunicorn", "project.wsgi"]
    limits = {"UPLOADS_PER_MINUTE": "1000000", "REQUESTS_PER_MINUTE": "1000000"}
    environment = {**os.environ, "PORT": str(port), "BIND": "", "LOG_LEVEL": "WARNING", **limits}
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen([*command, "--log-level", "warning"], env=environment, cwd=root) as server:
        try:
            wait_for(port)
            yield Target(f"http://127.0.0.1:{port}", key, server.pid)
        finally:
            server.terminate()


def wait_for(port: int) -> None:
    """Return when the port accepts; give up after 30 s."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the web server does not start")


def run(target: Target, repeats: int) -> None:
    """Print all three."""
    memory(target)
    throughput(target, repeats)
    accept(target, repeats * 10)
    target.clean()
    storage.delete(CONTROL_KEY)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a running server; without it one is started")
    parser.add_argument("--key", default="", help="an API key with the scope upload")
    parser.add_argument("--pid", type=int, default=os.getpid(), help="the running server's main process")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print(f"storage {storage.client().meta.endpoint_url}, {os.cpu_count()} cores")
    if arguments.url:
        run(Target(arguments.url, arguments.key, arguments.pid), arguments.repeats)
        return
    with own_server() as target:
        run(target, arguments.repeats)


if __name__ == "__main__":
    main()
