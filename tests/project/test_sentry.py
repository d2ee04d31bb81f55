"""Error tracking sends what helps to mend a bug, and nothing that names or quotes a person."""

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CANARIES = ("Ann-the-client", "vox_SecretKeyOfAnn", "what she said", "203.0.113.7", "session-cookie-of-ann")

# A view that breaks with private things in its locals, its request and its exception's neighbourhood.
SCRIPT = """
import django; django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path
import project.urls, sentry_sdk

def broken(request):
    transcript = "what she said"
    raise RuntimeError("the bug itself")

project.urls.urlpatterns.insert(0, path("broken", broken))
from django.test import Client
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "session-cookie-of-ann"
answer = client.post(
    "/broken?client=Ann-the-client", {"client": "Ann-the-client"},
    HTTP_AUTHORIZATION="Bearer vox_SecretKeyOfAnn", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR="203.0.113.7",
)
assert answer.status_code == 500
sentry_sdk.flush(5)
"""


@pytest.fixture
def tracker():
    """A Sentry that keeps what it is sent."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_arguments):
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", received
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_error_is_reported_without_anything_personal(tracker):
    dsn, received = tracker
    environment = {"DJANGO_SETTINGS_MODULE": "project.settings_test", "SENTRY_DSN": dsn, "ALLOWED_HOSTS": "*"}
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, env=os.environ | environment, check=True, timeout=60)

    sent = b"\n".join(received).decode()
    assert "the bug itself" in sent
    assert json.dumps("broken") in sent  # the function that broke is named
    for canary in CANARIES:
        assert canary not in sent


def test_without_a_dsn_nothing_is_loaded():
    code = "import django, sys; django.setup(); sys.exit('sentry_sdk' in sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "project.settings_test"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=60)
