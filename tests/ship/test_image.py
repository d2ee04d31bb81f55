"""The image: what it installs is what the code imports, and its health check asks the server."""

import ast
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()

LEFT_OUT = ROOT / "project" / "stack"
"""The embedded servers: not in the image (.dockerignore)."""


def sources() -> list[Path]:
    """Return the modules that are copied into the image."""
    found = [*(ROOT / "project").rglob("*.py"), *(ROOT / "apps").rglob("*.py"), ROOT / "manage.py"]
    return [path for path in found if LEFT_OUT not in path.parents]


def test_every_package_that_the_code_imports_is_locked_for_production():
    lock = (ROOT / "requirements/base.txt").read_text()
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==", lock, re.MULTILINE))
    owners = packages_distributions()
    missing = {
        (module, str(path.relative_to(ROOT)))
        for path in sources()
        for module in imported(path) - sys.stdlib_module_names - {"apps", "project"}
        if not {normal(owner) for owner in owners.get(module, [module])} & locked
    }

    assert missing == set()


def test_nothing_in_the_image_imports_the_embedded_servers():
    importers = [path.name for path in sources() if re.search(r"(from|import) project\.stack", path.read_text())]

    assert importers == []


def imported(path: Path) -> set[str]:
    """Return the top-level modules that run-time imports of a file name; TYPE_CHECKING blocks do not count."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {name.name.split(".")[0] for name in names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.split(".")[0])
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_everything_that_the_image_copies_exists():
    kept = re.findall(r"^!(.+?)/?$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)

    assert {"apps", "project", "manage.py", "requirements/base.txt"} <= set(kept)
    assert [name for name in kept if not (ROOT / name).exists()] == []


def test_the_process_is_not_root():
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_commands_are_not_wrapped_in_a_shell_that_would_swallow_signals():
    last_command = re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1]

    assert json.loads(last_command)[0] == "gunicorn"


class Answer(BaseHTTPRequestHandler):
    status = 200
    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """The test's output stays clean."""


@contextmanager
def server_that_answers(status: int) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Once", (Answer,), {"status": status, "asked": asked}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (500, False), (302, False)])
def test_the_health_check_believes_only_a_good_answer(status, healthy):
    with server_that_answers(status) as (port, asked):
        done = subprocess.run(health_check(port), check=False, capture_output=True, timeout=30)

    assert (done.returncode == 0) is healthy
    assert asked == ["/livez"]


def test_the_health_check_fails_where_nobody_listens():
    with server_that_answers(200) as (port, _asked):
        pass

    assert subprocess.run(health_check(port), check=False, capture_output=True, timeout=30).returncode != 0


def health_check(port: int) -> list[str]:
    """Return the image's own check, pointed at another port."""
    words: list[str] = json.loads(re.search(r"HEALTHCHECK(?:.|\n)+?CMD (\[.+\])", DOCKERFILE).group(1))
    assert words[:2] == ["python", "-c"]
    return [sys.executable, "-c", words[2].replace("8000", str(port))]
