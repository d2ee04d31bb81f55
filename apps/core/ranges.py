"""Serve a stored object over HTTP with byte ranges (RFC 9110, section 14), so that players can seek.

The object goes through this process in blocks and is never held whole. One range at a time: a request for several,
or one that cannot be read, gets the whole object, as the standard allows.
"""

import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags

from apps.core import storage

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)

CACHE_SECONDS = 3600
"""A player that seeks back need not ask again. Keys name immutable bytes, so nothing goes stale."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` up to but without `end`."""

    start: int
    end: int


def range_response(
    request: HttpRequest, *, key: str, media_type: str, filename: str | None = None, attachment: bool = False
) -> HttpResponseBase:
    """Answer GET or HEAD for the object under `key`: 200, 206 to a range, 416 beyond the end, 304 to its own tag.

    Raises ObjectMissingError and StorageUnavailableError before anything is sent.
    """
    size = storage.size(key)
    tag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    if _is_known(request, tag):
        response: HttpResponseBase = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        response = _answer(request, key, requested_range(_range_header(request, tag), size), size)
    response["Content-Type"] = media_type
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = tag
    response["Cache-Control"] = f"private, max-age={CACHE_SECONDS}"
    response["X-Content-Type-Options"] = "nosniff"
    disposition = content_disposition_header(attachment, filename or "")
    if disposition:
        response["Content-Disposition"] = disposition
    return response


def requested_range(header: str, size: int) -> ByteRange | None:
    """Return what a Range header asks of an object of `size` bytes; None means all of it, an empty range nothing."""
    match = _ONE_RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return ByteRange(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return ByteRange(min(int(first), size), min(int(last) + 1, size) if last else size)


def _is_known(request: HttpRequest, tag: str) -> bool:
    """Say whether the client has these very bytes (If-None-Match)."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in tags or tag in {known.removeprefix("W/") for known in tags}


def _range_header(request: HttpRequest, tag: str) -> str:
    """Return the Range header, unless the client made it depend on an older object (If-Range)."""
    condition = request.headers.get("If-Range", tag)
    return request.headers.get("Range", "") if condition == tag else ""


def _answer(request: HttpRequest, key: str, wanted: ByteRange | None, size: int) -> HttpResponseBase:
    if wanted is not None and wanted.start >= wanted.end:
        return HttpResponse(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{size}"}
        )
    span = wanted or ByteRange(0, size)
    response: HttpResponseBase
    if request.method == "HEAD" or span.start >= span.end:
        response = HttpResponse()
    else:
        response = StreamingHttpResponse(storage.read_range(key, span.start, span.end))
    if wanted is not None:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    response["Content-Length"] = str(span.end - span.start)
    return response
