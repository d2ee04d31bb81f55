import hashlib
import io

import pytest

from apps.core import forms, storage, uploads
from apps.core.errors import UserError
from apps.core.storage import PART_BYTES
from apps.core.uploads import HEAD_BYTES

BOUNDARY = "----boundary"
END = f"--{BOUNDARY}--\r\n".encode()
CONTENT = bytes(range(256)) * 4096


class TrickleInput(io.RawIOBase):
    """A body that comes a few bytes at a time, as over a slow network."""

    def __init__(self, data, step):
        self._data, self._step = io.BytesIO(data), step

    def read(self, size=-1):
        return self._data.read(min(size, self._step))


class BrokenInput:
    """A connection that the client resets after some bytes."""

    def __init__(self, data):
        self._data = [data]

    def read(self, _size):
        if self._data:
            return self._data.pop()
        raise ConnectionResetError


def request(body, content_type="audio/wav", *, length=None, stream=None):
    announced = len(body) if length is None else length
    return {
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(announced),
        "wsgi.input": stream or io.BytesIO(body),
    }


def chunked(body):
    """What a server hands over for `Transfer-Encoding: chunked`: no length, an input that ends."""
    return {"CONTENT_TYPE": "audio/wav", "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}


def part(name, content, filename=None, headers=()):
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    lines = [f"Content-Disposition: {disposition}", *headers]
    head = "\r\n".join([f"--{BOUNDARY}", *lines, "", ""])
    return head.encode() + content + b"\r\n"


def form(*parts, end=END, **options):
    return request(b"".join(parts) + end, f"multipart/form-data; boundary={BOUNDARY}", **options)


def upload(environ, key, *, sniff=bytes, file_bytes_max=10**9):
    with storage.open_writer(key) as writer:
        return uploads.receive(environ, writer=writer, sniff=sniff, file_bytes_max=file_bytes_max)


def content_of(key):
    return b"".join(storage.read_range(key))


@pytest.mark.parametrize("size", [1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, len(CONTENT)])
@pytest.mark.parametrize("shape", ["raw", "chunked", "form"])
def test_the_bytes_are_stored_hashed_and_counted_in_one_pass(folder, shape, size):
    content = CONTENT[:size]
    environ = {"raw": request, "chunked": chunked, "form": lambda body: form(part("file", body, "a.wav"))}[shape]

    received = upload(environ(content), folder + "a")

    assert received.size_bytes == size
    assert received.sha256 == hashlib.sha256(content).hexdigest()
    assert received.head_format == content[:HEAD_BYTES]
    assert content_of(folder + "a") == content


def test_a_large_form_is_stored_unchanged(folder):
    content = CONTENT * (3 * PART_BYTES // len(CONTENT) + 1)

    received = upload(form(part("file", content, "a.wav")), folder + "a")

    assert received.sha256 == hashlib.sha256(content).hexdigest()
    assert storage.size(folder + "a") == len(content)


@pytest.mark.parametrize("step", [1, 7, 100, 4096])
def test_a_form_that_trickles_in_reads_like_one_that_comes_at_once(folder, step):
    content = b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n" * 50
    environ = form(part("a", b"1"), part("file", content, "x.wav"), part("b", "два".encode()))
    environ["wsgi.input"] = TrickleInput(environ["wsgi.input"].getvalue(), step)

    received = upload(environ, folder + "a")

    assert received.fields == {"a": ["1"], "b": ["два"]}
    assert content_of(folder + "a") == content


def test_fields_may_come_before_and_after_the_file_and_repeat(folder):
    environ = form(part("k", b"1"), part("file", b"abc", "x.wav"), part("k", b"2"), part("title", b""))

    received = upload(environ, folder + "a")

    assert received.fields == {"k": ["1", "2"], "title": [""]}
    assert received.filename == "x.wav"


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('name="file"; filename="../../\u202ex.mp3"', "../../\\u202ex.mp3"),
        ("name=\"file\"; filename*=UTF-8''%D0%96%0D%0Ab.mp3", "Ж\\u000d\\u000ab.mp3"),
        ('name="file"; filename="a%22b.mp3"', 'a"b.mp3'),
        ('name="file"', None),
        ('name="file"; filename=""', ""),
    ],
)
def test_a_file_name_is_text_to_show(folder, disposition, filename):
    body = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\nabc\r\n".encode()

    assert upload(form(body), folder + "a").filename == filename


def test_a_file_name_in_an_old_encoding_is_no_error(folder):
    body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="'.encode()

    assert upload(form(body + b'\xe4.mp3"\r\n\r\nabc\r\n'), folder + "a").filename == "ä.mp3"


def test_an_empty_file_is_shown_to_the_caller_who_decides(folder, stored):
    def refuse(head):
        assert head == b""
        raise UserError("empty")

    for environ in (request(b""), chunked(b""), form(part("file", b"", "x.wav"))):
        with pytest.raises(UserError, match="empty"):
            upload(environ, folder + "a", sniff=refuse)
    assert stored() == ([], [])


def test_a_refused_head_stores_nothing_and_reads_no_further(folder, stored):
    environ = request(CONTENT * 100)

    def refuse(head):
        assert head == CONTENT[:HEAD_BYTES]
        raise UserError("not audio")

    with pytest.raises(UserError, match="not audio"):
        upload(environ, folder + "a", sniff=refuse)
    assert stored() == ([], [])
    assert environ["wsgi.input"].tell() == uploads.READ_BYTES


def test_a_replay_can_be_hashed_without_storing_it():
    received = uploads.receive(
        form(part("file", CONTENT, "x.wav"), part("a", b"1")), writer=None, sniff=len, file_bytes_max=10**9
    )

    assert (received.sha256, received.fields) == (hashlib.sha256(CONTENT).hexdigest(), {"a": ["1"]})


def test_a_length_over_the_limit_is_refused_before_a_byte_is_read(folder):
    environ = request(b"x", length=10**6 + 1)

    with pytest.raises(uploads.FileTooLargeError):
        upload(environ, folder + "a", file_bytes_max=10**6)
    assert environ["wsgi.input"].tell() == 0


@pytest.mark.parametrize("environ", [chunked(CONTENT), form(part("file", CONTENT, "a"))], ids=["chunked", "form"])
def test_a_body_without_a_length_is_cut_off_at_the_limit(folder, stored, environ):
    with pytest.raises(uploads.FileTooLargeError) as caught:
        upload(environ, folder + "a", file_bytes_max=len(CONTENT) - 1)

    assert (caught.value.status, caught.value.param) == (413, "file")
    assert stored() == ([], [])


def test_a_file_of_exactly_the_limit_passes(folder):
    for environ in (request(CONTENT), chunked(CONTENT), form(part("file", CONTENT, "a"))):
        assert upload(environ, folder + "a", file_bytes_max=len(CONTENT)).size_bytes == len(CONTENT)


@pytest.mark.parametrize("size", [10, 2 * PART_BYTES + 5])
def test_a_body_that_ends_early_leaves_nothing(folder, stored, size):
    content = bytes(size)

    for environ in (
        request(content, length=size + 1),
        request(content, length=size + 1, stream=BrokenInput(content)),
        form(part("file", content, "a"), length=size + 1000),
    ):
        with pytest.raises(uploads.BodyIncompleteError):
            upload(environ, folder + "a")
    assert stored() == ([], [])


@pytest.mark.parametrize("length", ["", "-1", "abc", "²"])
def test_a_body_without_a_usable_length_is_empty(folder, length):
    environ = request(b"abc") | {"CONTENT_LENGTH": length}

    assert upload(environ, folder + "a").size_bytes == 0


def test_what_comes_after_the_last_boundary_is_ignored(folder):
    environ = form(part("file", b"abc", "a"), end=END + b"epilogue\r\n" * 100_000)

    assert upload(environ, folder + "a").size_bytes == 3


FILE = part("file", b"abc", "a.wav")
MALFORMED = {
    "no final boundary": form(FILE, end=b""),
    "cut in a header": form(FILE, f"--{BOUNDARY}\r\nContent-Dispo".encode(), end=b""),
    "another boundary": form(FILE) | {"CONTENT_TYPE": "multipart/form-data; boundary=other"},
    "a long body with another boundary": form(part("file", CONTENT, "a"))
    | {"CONTENT_TYPE": "multipart/form-data; boundary=other"},
    "no boundary": form(FILE) | {"CONTENT_TYPE": "multipart/form-data"},
    "no name": form(f"--{BOUNDARY}\r\nContent-Type: audio/wav\r\n\r\nabc\r\n".encode()),
    "not a form": request(b"", f"multipart/form-data; boundary={BOUNDARY}"),
    "a field that is not text": form(FILE, part("title", b"\xff\xfe")),
}


@pytest.mark.parametrize("environ", MALFORMED.values(), ids=MALFORMED)
def test_a_broken_form_is_a_400_and_leaves_nothing(folder, stored, environ):
    environ["wsgi.input"].seek(0)

    with pytest.raises(forms.MultipartMalformedError) as caught:
        upload(environ, folder + "a")
    assert caught.value.status == 400
    assert stored() == ([], [])


REFUSED = {
    "no file": (form(part("title", b"x")), forms.FileMissingError, 422),
    "nothing": (form(), forms.FileMissingError, 422),
    "two files": (form(FILE, FILE), forms.FileUnexpectedError, 422),
    "a file of another name": (form(FILE, part("cover", b"x", "c.png")), forms.FileUnexpectedError, 422),
    "too many fields": (form(FILE, *[part("k", b"v")] * 51), forms.FormTooLargeError, 413),
    "a giant field": (form(FILE, part("title", bytes(64 * 1024 + 1))), forms.FormTooLargeError, 413),
    "a giant header": (form(part("file", b"x", "n" * 20_000)), forms.FormTooLargeError, 413),
    "many headers": (form(part("file", b"x", "n", ["X-A: b"] * 20)), forms.FormTooLargeError, 413),
    "fields longer than a file may be": (
        form(FILE, *[part("k", bytes(60_000))] * 49, end=bytes(5 * 1024 * 1024)),
        UserError,
        413,
    ),
}


@pytest.mark.parametrize(("environ", "error", "status"), REFUSED.values(), ids=REFUSED)
def test_a_form_that_is_not_one_file_and_some_fields_is_refused(folder, stored, environ, error, status):
    with pytest.raises(error) as caught:
        upload(environ, folder + "a", file_bytes_max=1000)

    assert caught.value.status == status
    assert stored() == ([], [])


def test_fifty_fields_and_a_file_pass(folder):
    environ = form(*[part("k", b"v")] * 25, FILE, *[part("k", b"v")] * 25)

    assert upload(environ, folder + "a").fields == {"k": ["v"] * 50}


def test_an_error_of_the_caller_after_the_body_leaves_nothing(folder, stored):
    def upload_and_refuse():
        with storage.open_writer(folder + "a") as writer:
            uploads.receive(request(CONTENT), writer=writer, sniff=len, file_bytes_max=10**9)
            raise UserError("unknown field")

    with pytest.raises(UserError, match="unknown field"):
        upload_and_refuse()

    assert stored() == ([], [])
