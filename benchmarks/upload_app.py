"""The receiving path alone as a WSGI application: no database, no queue. Started by upload.py without `--url`."""

import json
import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from apps.core import storage, uploads
from apps.core.errors import AppError


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Store any POST under `bench/` and say what arrived."""
    try:
        with storage.open_writer(f"bench/{os.urandom(8).hex()}") as writer:
            received = uploads.receive(environ, writer=writer, sniff=len, file_bytes_max=4 * 1024**3)
        status, answer = "202 Accepted", {"sha256": received.sha256, "size_bytes": received.size_bytes}
    except AppError as error:
        status, answer = f"{error.status} {error.code}", {"code": error.code, "detail": error.detail}
    body = json.dumps(answer).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
