import http.client
import io
import json
import signal
import socket
import subprocess
import time

import httpx
import psutil
import pytest

from tests.web.conftest import serving


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The product's gunicorn configuration, with two threads and hasty deadlines."""
    with hasty(tmp_path_factory.mktemp("web") / "web.log") as process:
        yield process


def hasty(log):
    return serving(log, "-k", "tests.web.hasty.HastyWorker", "-w", "1", "--threads", "2", "tests.web.hasty")


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def ask(server, data):
    """Send raw bytes, end the sending side, return all of the answer."""
    with connect(server) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


def post(path, **headers):
    lines = [f"POST {path} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).replace("_", "-").encode()


@pytest.mark.parametrize("expect", [[], ["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"]])
def test_curl_reads_the_refusal_of_a_body_that_it_is_still_sending(server, tmp_path, expect):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(200_000_000)

    done = subprocess.run(
        ["curl", "-sS", "-X", "POST", "-T", large, *expect, f"http://127.0.0.1:{server.port}/early"],
        capture_output=True,
        check=True,
    )

    assert done.stdout == b'{"code": "file_too_large"}'


def test_clients_that_send_everything_before_they_read_get_the_refusal_too(server):
    body = bytes(200_000_000)

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/early", body=body)
    plain = connection.getresponse()
    assert (plain.status, plain.read()) == (413, b'{"code": "file_too_large"}')
    connection.close()
    assert httpx.post(f"http://127.0.0.1:{server.port}/early", content=body, timeout=20).status_code == 413


def test_the_connection_can_be_used_again_after_a_refusal_that_was_drained(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for path, answer in (("/early", 413), ("/", 200)):
        connection.request("POST", path, body=bytes(1_000_000))
        response = connection.getresponse()
        response.read()
        assert response.status == answer
    connection.close()


def test_requests_that_come_in_one_piece_keep_their_own_bytes(server):
    lengths = [3, 0, 300_000, 5]

    answers = ask(server, b"".join(post("/", Content_Length=length) + bytes(length) for length in lengths))

    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers.split(b"HTTP/1.1 200 OK")[1:]] == [
        str(length).encode() for length in lengths
    ]


def test_events_arrive_one_by_one(server):
    with connect(server) as client:
        client.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        began, arrived, received = time.monotonic(), [], b""
        while b"data: 2" not in received:
            received += client.recv(65536)
            if b"data: " in received:
                arrived.append(time.monotonic() - began)

    assert arrived[0] < 0.2
    assert arrived[-1] > 0.5


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nX-Slow: ",
        post("/", Content_Length=1000),
        post("/", Transfer_Encoding="chunked") + b"ff\r\n",
        post("/early", Content_Length=1000),
    ],
    ids=["headers", "body", "chunk", "refused body"],
)
def test_clients_that_drip_lose_their_connection_and_hold_nobody_up(server, opening):
    drips = [connect(server) for _ in range(4)]
    for client in drips:
        client.sendall(opening)
    began = time.monotonic()
    dripping = True
    while dripping and time.monotonic() - began < 15:
        time.sleep(0.2)
        dripping = any(still_open(client) for client in drips)

        for client in drips:
            client.settimeout(10)
    for client in drips:
        client.close()

    assert not dripping
    assert ask(server, post("/", Content_Length=3) + b"abc").endswith(b"\r\n\r\n3")


def still_open(client):
    """Send one more byte; False once the server has ended the connection."""
    try:
        client.sendall(b"a")
        client.settimeout(0)
        while client.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def test_a_client_that_does_not_close_does_not_stop_others_from_being_accepted(server):
    lingering = connect(server)
    lingering.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"200 OK" in lingering.recv(65536)

    began = time.monotonic()
    assert b"200 OK" in ask(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert time.monotonic() - began < 1
    lingering.close()


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (f"GET /api/v1/recordings?title={'x' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n", 414, "address_too_long"),
        (f"GET / HTTP/1.1\r\nHost: x\r\nX-Long: {'x' * 9000}\r\n\r\n", 431, "headers_too_large"),
        ("GET / HTTP/1.1\r\nHost: x" + "\r\nX-Many: 1" * 100 + "\r\n\r\n", 431, "headers_too_large"),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad_request"),
        ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
        ("GET / HTTP/1.1\r\nA B: 1\r\n\r\n", 400, "bad_request"),
        ("SSH-2.0-Client\r\n\r\n", 400, "bad_request"),
    ],
    ids=["line", "header", "headers", "smuggling", "length", "name", "not http"],
)
def test_what_the_server_refuses_itself_is_a_problem_too(server, request_, status, code):
    head, _, body = ask(server, request_.encode()).partition(b"\r\n\r\n")

    headers = http.client.parse_headers(io.BytesIO(head.partition(b"\r\n")[2] + b"\r\n\r\n"))
    problem = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert headers["Content-Type"] == "application/problem+json"
    assert problem.keys() == {"type", "title", "status", "detail", "code", "param", "request_id", "retryable"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == headers["X-Request-ID"]
    assert "xxxx" not in server.log.read_text()


def test_the_log_shows_paths_without_their_query(server):
    ask(server, b"GET /fault?title=Confidential HTTP/1.1\r\nHost: x\r\n\r\n")
    ask(server, b"GET /a?title=Confidential  HTTP/1.1\r\nHost: x\r\n\r\n")

    log = server.log.read_text()
    assert "/fault?..." in log
    assert "Confidential" not in log


def test_a_killed_master_takes_its_workers_along(tmp_path):
    with hasty(tmp_path / "web.log") as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)

    assert workers
    assert psutil.wait_procs(workers, timeout=5)[1] == []
