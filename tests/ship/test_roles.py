"""The commands of docker-compose.yml really start, their health checks tell well from unwell, and SIGTERM ends them.

Without containers: the same commands, environment and checks, beside the servers of the tests.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("roles")]  # one start for all

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
DATABASE = f"roles_{os.getpid()}"
ROLES = ["web", "worker-deliver", "beat", "flower"]
START_SECONDS = 120
STOP_SECONDS = 15


@dataclass(frozen=True)
class Role:
    """A service of the compose file as a process of this machine."""

    service: str
    environment: dict[str, str]
    ports: dict[str, int]
    folder: Path

    def words(self, told: list[str]) -> list[str]:
        """Fill in what Compose and Docker fill in, on ports of our own."""
        text = json.dumps(told).replace("$$", "$").replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - it is taken out
        text = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", text)
        for port, ours in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(ours), text)
        return [self.program(word) for word in json.loads(text)]

    @staticmethod
    def program(word: str) -> str:
        beside = Path(sys.executable).parent / word
        return str(beside) if word in {"celery", "gunicorn", "python"} else word

    def start(self) -> subprocess.Popen[bytes]:
        dockerfile = (ROOT / "Dockerfile").read_text()
        of_the_image = json.loads(re.findall(r"^CMD (.+)$", dockerfile, re.MULTILINE)[-1])
        command = self.words(SERVICES[self.service].get("command", of_the_image))
        with (self.folder / f"{self.service}.log").open("wb") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def is_healthy(self) -> bool:
        check = SERVICES[self.service].get("healthcheck")
        if check is None:
            dockerfile = (ROOT / "Dockerfile").read_text()
            command = json.loads(re.search(r"HEALTHCHECK(?:.|\n)+?CMD (\[.+\])", dockerfile).group(1))
        elif check["test"][0] == "CMD":
            command = check["test"][1:]
        else:
            command = ["sh", "-c", check["test"][1]]
        words = [word.replace("ping -t 10", "ping -t 2") for word in self.words(command)]  # tests have less patience
        done = subprocess.run(words, cwd=ROOT, env=self.environment, capture_output=True, check=False)
        return done.returncode == 0


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Name a database and a broker that nobody else uses, with all tables."""
    folder = tmp_path_factory.mktemp("home")
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    given = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "SECRET_KEY": "roles-" + "x" * 60,
        "DATABASE_URL": server.rpartition("/")[0] + f"/{DATABASE}",
        "REDIS_URL": os.environ["REDIS_URL"].rpartition("/")[0] + "/9",
        "VOX_HOME": str(folder),
        "HOSTNAME": socket.gethostname(),
        "HTTPS": "true",
        "REMAP_SIGTERM": "SIGQUIT",
        "FLOWER_BASIC_AUTH": "operator:secret",
    }
    migrate = [sys.executable, *SERVICES["migrate"]["command"][1:]]
    subprocess.run(migrate, cwd=ROOT, env=given, check=True, capture_output=True)
    yield given
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="module")
def running(environment, tmp_path_factory) -> Iterator[dict[str, tuple[Role, subprocess.Popen[bytes]]]]:
    """Start the roles at once, as Compose does; what a test did not stop is killed."""
    folder = tmp_path_factory.mktemp("logs")
    ports = {"8000": free_port(), "5555": free_port()}
    given = environment | {"BIND": f"127.0.0.1:{ports['8000']}"}
    roles = {service: Role(service, given, ports, folder) for service in ROLES}
    started = {service: (role, role.start()) for service, role in roles.items()}
    yield started
    for _role, process in started.values():
        if process.poll() is None:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("service", ROLES)
def test_a_role_starts_becomes_healthy_stops_when_told_and_is_unwell_afterwards(running, service):
    role, process = running[service]

    deadline = time.monotonic() + START_SECONDS
    while not role.is_healthy():
        assert process.poll() is None, (role.folder / f"{service}.log").read_text()[-2000:]
        assert time.monotonic() < deadline, "it did not become healthy"
        time.sleep(0.5)
    process.send_signal(signal.SIGTERM)

    assert process.wait(STOP_SECONDS) == 0
    if service != "beat":  # beat's check asks when it last rang: it notices after ten minutes
        assert becomes_unwell(role)


def becomes_unwell(role: Role) -> bool:
    """Say whether the check notices, with patience for a last answer that was under way."""
    deadline = time.monotonic() + STOP_SECONDS
    while role.is_healthy():
        if time.monotonic() > deadline:
            return False
    return True
