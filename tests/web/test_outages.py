"""Requests while a server that we need hangs: it takes connections and never answers."""

import socket
import time
from pathlib import Path

import pytest

from apps.core import storage
from apps.pipeline.models import Stage
from tests.web.conftest import product

CLIP = Path(__file__).parents[1] / "data" / "audio" / "en_cards_16k.wav"


@pytest.fixture
def hung():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_an_upload_hardly_waits_for_a_broker_that_hangs(caller, workspace, hung, tmp_path):
    """A request waits 1 s once for it, where workers wait for 3 s; then nobody asks for a while."""
    with product(tmp_path / "web.log", REDIS_URL=hung) as process:
        client = caller(process)
        waited = []
        for _ in range(2):
            began = time.monotonic()
            answer = client.post("recordings", content=CLIP.read_bytes(), headers={"Content-Type": "audio/wav"})
            waited.append(time.monotonic() - began)
            assert answer.status_code == 202

    assert waited[0] < 2.9
    assert waited[1] < 0.9
    assert Stage.objects.due().count() == 2
    storage.delete_prefix(f"{workspace.pk}/")
