import socket
import time

import pytest

from apps.api import throttles
from tests.api.test_problems import is_problem


def test_too_many_requests_are_told_when_to_come_again(api, stored, settings):
    settings.REQUESTS_PER_MINUTE = 3
    for _ in range(3):
        assert api.get("scenarios").status_code == 200

    answer = api.get("scenarios")

    problem = is_problem(answer, 429, "rate_limited")
    assert problem["retryable"]
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert api.send().status_code == 202


def test_uploads_are_counted_apart(api, stored, settings):
    settings.UPLOADS_PER_MINUTE = 1
    assert api.send().status_code == 202
    is_problem(api.send(), 429, "rate_limited")
    assert api.get("recordings").status_code == 200
    assert len(stored()) == 1


def test_each_key_has_its_own_limit(api, with_scopes, settings):
    settings.REQUESTS_PER_MINUTE = 1
    assert api.get("scenarios").status_code == 200
    assert api.get("scenarios").status_code == 429

    assert with_scopes("read").get("scenarios").status_code == 200


def test_the_window_slides():
    counter = throttles.Counter()
    key = f"sliding-{time.time_ns()}"

    waits = [counter.take(kind="requests", key=key, per_minute=2) for _ in range(4)]

    assert waits[:2] == [0, 0]
    assert all(50 <= wait <= 60 for wait in waits[2:])


@pytest.fixture
def counter(monkeypatch):
    """The process's counter as it is after a start."""
    monkeypatch.setattr(throttles, "_counter", throttles.Counter())


@pytest.fixture
def silent_redis(settings, counter):
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield


@pytest.fixture
def no_redis(settings, counter):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"


@pytest.mark.parametrize("outage", ["silent_redis", "no_redis"])
def test_without_redis_requests_pass_and_only_the_first_waits(api, request, settings, outage):
    settings.REQUESTS_PER_MINUTE = 1
    api.get("scenarios")
    request.getfixturevalue(outage)
    begun = time.monotonic()

    statuses = [api.get("scenarios").status_code for _ in range(20)]

    assert statuses == [200] * 20
    assert time.monotonic() - begun < 1.5
