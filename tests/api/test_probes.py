import pytest
from django.db import connection
from django.test import override_settings


def test_alive_means_the_process_answers_and_nothing_more(client):
    def fail(*_arguments):
        raise AssertionError("the database was asked")

    with connection.execute_wrapper(fail):
        answer = client.get("/livez")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_means_every_server_answers(client, db):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "parts": {"database": "ok", "redis": "ok", "storage": "ok"}}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("port", [1])
def test_a_part_that_fails_is_named_without_details(client, db, port):
    with override_settings(REDIS_URL=f"redis://:secret@127.0.0.1:{port}/0"):
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "fail", "parts": {"database": "ok", "redis": "fail", "storage": "ok"}}
