import os
import signal
import socket
import stat
import time

import boto3
import psycopg
import pytest
import redis

from tests.stack.conftest import processes_of, until


@pytest.fixture(scope="module")
def stack(begin, tmp_path_factory):
    return begin(tmp_path_factory.mktemp("a home") / "with spaces")


def database(stack):
    return psycopg.connect(stack.addresses["DATABASE_URL"], autocommit=True)


def storage(stack):
    names = stack.addresses
    return boto3.client(
        "s3",
        endpoint_url=names["S3_ENDPOINT_URL"],
        aws_access_key_id=names["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=names["S3_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )


def answers(stack, server) -> bool:
    try:
        if server == "postgres":
            with database(stack) as connection:
                connection.execute("SELECT 1")
        elif server == "valkey-server":
            with redis.from_url(stack.addresses["REDIS_URL"]) as client:
                client.ping()
        else:
            client = storage(stack)
            client.head_bucket(Bucket=stack.addresses["S3_BUCKET"])
            client.close()
    except Exception:  # noqa: BLE001 - whatever it is, it does not answer
        return False
    return True


def test_servers_are_reached_under_the_names_of_the_settings(stack):
    assert set(stack.addresses) == {
        *("DATABASE_URL", "REDIS_URL", "PORT", "FLOWER_PORT"),
        *("S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "S3_BUCKET"),
    }
    assert all(answers(stack, server) for server in ("postgres", "valkey-server", "rclone"))
    assert len(stack.addresses["S3_ACCESS_KEY_ID"]) >= 16


def test_the_database_has_vectors_russian_and_the_right_to_make_more_databases(stack):
    with database(stack) as connection:
        connection.execute("CREATE DATABASE another")
        connection.execute("DROP DATABASE another")
        row = connection.execute("SELECT '[1,2]'::vector::text, to_tsvector('russian', 'Привет, миры')::text")

        assert row.fetchone() == ("[1,2]", "'мир':2 'привет':1")


def test_strangers_get_no_answer(stack):
    address = stack.addresses["DATABASE_URL"]
    host = address.rpartition("@")[2]
    for wrong in (f"postgres://voxpersona:wrong@{host}", f"postgres://postgres:wrong@{host}"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wrong)
    with (
        redis.from_url(stack.addresses["REDIS_URL"].replace("redis://:", "redis://:not")) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_secrets_are_for_the_owner_alone_and_on_no_command_line(stack):
    secrets = [stack.home / name for name in ("secret_key", "postgres_password", "valkey_password", "flower_password")]
    secrets += [stack.home / "s3_access_key_id", stack.home / "s3_secret_access_key", stack.home / "run" / "stack.env"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}

    command_lines = " ".join(" ".join(process.cmdline()) for process in processes_of(stack.home))
    assert not [path.name for path in secrets[:-1] if path.read_text().strip() in command_lines]


def test_a_second_stack_on_the_same_home_is_refused_and_told_who_has_it(stack, begin):
    second = begin(stack.home)

    assert second.process.wait(10) == 1
    assert second.said(f"process {stack.process.pid}")
    assert stack.process.poll() is None


def test_another_home_runs_beside_it_on_other_ports(stack, begin, tmp_path):
    other = begin(tmp_path / "var")

    assert answers(other, "postgres")
    assert not set(other.addresses.values()) & set(stack.addresses.values()) - {"voxpersona"}
    other.stop()


@pytest.mark.parametrize("server", ["postgres", "valkey-server", "rclone"])
def test_a_killed_server_comes_back_on_its_port_with_its_data(stack, server):
    with database(stack) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (server text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [server])
    [pid] = stack.pids(server)

    os.kill(pid, signal.SIGKILL)

    until(lambda: stack.pids(server) not in ([pid], []) and answers(stack, server), 20)
    with database(stack) as connection:
        assert connection.execute("SELECT 1 FROM kept WHERE server = %s", [server]).fetchone()


def test_a_server_with_the_name_of_a_real_one_is_not_started(begin, tmp_path):
    stack = begin(tmp_path / "var", REDIS_URL="redis://elsewhere.example.org/3")

    assert stack.addresses["REDIS_URL"] == "redis://elsewhere.example.org/3"
    assert stack.pids("valkey-server") == []
    assert stack.pids("postgres")
    stack.stop()


def test_stopping_is_quick_and_complete_and_data_is_kept(begin, tmp_path):
    first = begin(tmp_path / "var")
    with database(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    bucket = first.addresses["S3_BUCKET"]
    storage(first).put_object(Bucket=bucket, Key="a/b", Body=b"sound")
    secret = (first.home / "secret_key").read_text()

    started = time.monotonic()
    first.stop()

    assert time.monotonic() - started < 10
    assert first.process.returncode == 0
    assert processes_of(first.home) == []
    assert not (first.home / "run" / "stack.env").exists()

    second = begin(tmp_path / "var")
    with database(second) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert storage(second).get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"sound"
    assert (second.home / "secret_key").read_text() == secret
    assert first.said("the sample recording is ready")
    assert not second.said("sample")
    second.stop()


def test_a_worker_that_does_not_stop_is_killed_in_time(begin, tmp_path):
    stack = begin(tmp_path / "var", "--stubborn")

    started = time.monotonic()
    stack.stop()

    assert time.monotonic() - started < 10
    assert processes_of(stack.home) == []


def test_killing_the_supervisor_leaves_no_process(begin, tmp_path):
    stack = begin(tmp_path / "var", "--stubborn")
    assert len(processes_of(stack.home)) > 5

    stack.process.kill()

    until(lambda: not processes_of(stack.home))


def test_a_stack_that_was_killed_starts_again_at_once(begin, tmp_path):
    stack = begin(tmp_path / "var")
    stack.process.kill()
    stack.process.wait(5)

    again = begin(tmp_path / "var")

    assert again.process.poll() is None
    again.stop()


def test_the_stack_ends_with_the_program_that_started_it(begin, tmp_path):
    stack = begin(tmp_path / "var", in_shell=True)

    stack.process.kill()

    until(lambda: not processes_of(stack.home), 10)
    assert stack.said("stopped")


def test_a_process_that_never_stays_up_is_reported_with_its_log(begin, tmp_path):
    stack = begin(tmp_path / "var", "--crashing")

    until(lambda: stack.said("does not stay up"), 15)

    assert stack.said(str(stack.home / "log" / "crashing.log"))
    assert "no such luck" in (stack.home / "log" / "crashing.log").read_text()
    assert stack.process.poll() is None
    stack.stop()


def test_a_taken_port_stops_the_start_and_names_the_variable(begin, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        stack = begin(tmp_path / "var", port=port)

    assert stack.process.wait(10) == 1
    assert stack.said(f"Port {port} is taken")
    assert stack.said("PORT=")
