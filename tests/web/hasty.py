"""A small application behind the product's web server, whose worker has less patience than in the product."""

import time

from project.web_worker import DeadlineWorker


class HastyWorker(DeadlineWorker):
    headers_seconds = 1.0
    body_read_seconds = 1.0


def application(environ, start_response):
    """`/early` answers without reading, `/events` streams, everything else counts the bytes of the body."""
    path = environ["PATH_INFO"]
    if path == "/fault":
        raise RuntimeError("secret")
    if path == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    if path == "/early":
        return answer(start_response, "413 Too large", b'{"code": "file_too_large"}')
    arrived = 0
    try:
        while block := environ["wsgi.input"].read(256 * 1024):
            arrived += len(block)
    except OSError:
        return answer(start_response, "400 Incomplete", b"broken")
    return answer(start_response, "200 OK", str(arrived).encode())


def answer(start_response, status, body):
    start_response(status, [("Content-Length", str(len(body)))])
    return [body]


def events():
    for number in range(3):
        yield f"data: {number}\n\n".encode()
        time.sleep(0.3)
