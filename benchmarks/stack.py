"""What the whole embedded stack weighs when it idles, and how long it takes to start and to stop.

    .venv/bin/python -m benchmarks.stack

Memory is the proportional share (PSS) of every process of `make run`, servers and supervisor included, some time
after the first recording was processed. Goal: at most 600 MB.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
NAMED = ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL", "S3_BUCKET", "VOX_HOME", "PORT", "FLOWER_PORT")
GOAL_MB = 600
IDLE_SECONDS = 15
START_SECONDS = 180
STARTS = ("first start", "second start")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        for title in STARTS:
            measure(title, Path(place) / "home", Path(place) / "output")


def measure(title: str, home: Path, output: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in NAMED}
    command = [sys.executable, "-m", "project.stack", "run", "--home", str(home), "--port", "0", "--flower-port", "0"]
    began = time.monotonic()
    with output.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    seconds = until(lambda: "is running" in output.read_text(), began)
    until((home / "sample_done").exists, began)
    time.sleep(IDLE_SECONDS)
    weights = [(weight(each), each) for each in everything(process.pid)]
    total = sum(mb for mb, _each in weights)
    print(f"{title}: usable after {seconds:.1f} s, {len(weights)} processes, {total:.0f} MB (goal {GOAL_MB})")
    for mb, each in sorted(weights, key=lambda pair: -pair[0]):
        print(f"  {mb:6.1f} MB  {command_of(each)[:100]}")
    began = time.monotonic()
    process.terminate()
    process.wait(30)
    print(f"  stopped in {time.monotonic() - began:.1f} s")


def until(condition: Callable[[], bool], began: float) -> float:
    while not condition():
        if time.monotonic() - began > START_SECONDS:
            raise SystemExit("the stack did not start")
        time.sleep(0.1)
    return time.monotonic() - began


def everything(supervisor: int) -> list[psutil.Process]:
    root = psutil.Process(supervisor)
    return [root, *root.children(recursive=True)]


def weight(process: psutil.Process) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def command_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        words = " ".join(process.cmdline()).strip()
        return words.replace(f"{ROOT}/", "")
    return "(gone)"


if __name__ == "__main__":
    main()
