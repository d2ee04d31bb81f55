"""The whole stack as a user starts it: one for all tests that drive it, in a home of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
AUDIO = ROOT / "tests" / "data" / "audio"
OUTER = ("DATABASE_URL", "REDIS_URL", "S3_", "DJANGO_SETTINGS_MODULE", "VOX_HOME", "SECRET_KEY")
"""Names (or their beginnings) that the servers of the tests themselves have put into the environment."""
SHORT_LEASE = {"STAGE_LEASE_SECONDS": "12", "STAGE_HEARTBEAT_SECONDS": "3"}
"""So that a killed worker's stages are taken over while a test waits."""
START_SECONDS = 120
FINAL = {"completed", "needs_attention", "error", "canceled"}


@dataclass(frozen=True)
class Stack:
    """A running stack and how to talk to it."""

    home: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def addresses(self) -> dict[str, str]:
        lines = (self.home / "run" / "stack.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.addresses()['PORT']}"

    @property
    def key(self) -> str:
        return (self.home / "api_key").read_text().strip()

    def manage(self, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` as from a second terminal."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=180, check=False, **options
        )

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def upload(self, client: httpx.Client, name: str, **fields: str) -> dict:
        with (AUDIO / name).open("rb") as file:
            answer = client.post("/api/v1/recordings", files={"file": (name, file)}, data=fields)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def finished(self, client: httpx.Client, recording_id: str, seconds: float = 120) -> dict:
        """Wait until nothing more will happen to a recording."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            recording = client.get(f"/api/v1/recordings/{recording_id}").raise_for_status().json()
            if recording["status"] in FINAL:
                return recording
            time.sleep(0.3)
        raise AssertionError(f"still {recording['status']} at {recording['stage']} after {seconds} s")


def start(home: Path) -> Stack:
    """Start a stack as `make run` does, on free ports, and wait until it answers."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OUTER)}
    environment |= SHORT_LEASE | {"VOX_HOME": str(home)}
    command = [sys.executable, "-m", "project.stack", "run", "--home", str(home), "--port", "0", "--flower-port", "0"]
    log = home.parent / f"{home.name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)
    stack = Stack(home, process, environment)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{stack.url}/readyz").status_code == 200 and stack.key:
                return stack
        except (OSError, KeyError, httpx.TransportError):
            pass
        time.sleep(0.3)
    process.kill()
    raise AssertionError(f"the stack did not start:\n{log.read_text()[-4000:]}")


def stop(stack: Stack) -> None:
    stack.process.send_signal(signal.SIGTERM)
    stack.process.wait(30)


@pytest.fixture(scope="session")
def stack(tmp_path_factory) -> Iterator[Stack]:
    running = start(tmp_path_factory.mktemp("stack home") / "var")
    yield running
    stop(running)


@pytest.fixture
def client(stack) -> Iterator[httpx.Client]:
    with stack.client() as client:
        yield client
