"""Multipart form data as a stream: the bytes of one file pass through, the text fields are collected."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from apps.core.errors import UserError

FILE_PART = "file"
"""The name of the part that is the file."""

FIELDS_MAX = 50
FIELD_BYTES_MAX = 64 * 1024
PART_HEADER_BYTES_MAX = 8 * 1024

PREAMBLE_BYTES_MAX = 64 * 1024
"""A body without its boundary in this much is not read to the end."""


class MultipartMalformedError(UserError):
    """The body is not what its multipart/form-data header promises."""

    code = "multipart_malformed"
    title = "The multipart body cannot be read"
    status = 400


class FileMissingError(UserError):
    """A form without a part called `file`."""

    code = "file_missing"
    title = "There is no file in the request"


class FileUnexpectedError(UserError):
    """A second file, or a file under another name."""

    code = "file_unexpected"
    title = "One request takes one file, in the part called file"


class FormTooLargeError(UserError):
    """Too many fields, or a field or a header of a part that is too long."""

    code = "form_too_large"
    title = "The form fields are too many or too long"
    status = 413


@dataclass(frozen=True, slots=True)
class FileStart:
    """The file's part begins; `filename` is as the client sent it."""

    filename: str | None


class FormReader:
    """Reads one form: `events` passes the file on, `fields` has the text once the events are consumed."""

    def __init__(self, boundary: str) -> None:
        self.fields: dict[str, list[str]] = {}
        self._file_seen = False
        self._part: MultipartSegment | None = None
        self._text = bytearray()
        try:
            # Headers are decoded as Latin-1, which never fails; _visible() finds what they really are.
            self._parser = PushMultipartParser(
                boundary,
                max_header_size=PART_HEADER_BYTES_MAX,
                max_segment_count=FIELDS_MAX + 1,
                header_charset="latin1",
            )
        except MultipartError as error:
            raise MultipartMalformedError(str(error)) from error

    def events(self, blocks: Iterable[bytes]) -> Iterator[FileStart | bytes]:
        """Yield FileStart once and then the file's bytes.

        Raises MultipartMalformedError, FileMissingError, FileUnexpectedError and FormTooLargeError.
        """
        skipped = 0
        try:
            for block in blocks:
                for event in self._parser.parse(block):
                    yield from self._take(event)
                if self._part is None and not self.fields and not self._file_seen:
                    skipped += len(block)
                    if skipped > PREAMBLE_BYTES_MAX:
                        raise MultipartMalformedError("The boundary of the header is not in the body.")
            self._parser.close()
        except ParserLimitReached as error:
            raise FormTooLargeError(str(error)) from error
        except MultipartError as error:
            raise MultipartMalformedError(str(error)) from error
        if not self._file_seen:
            raise FileMissingError("The form has no part called file.", param=FILE_PART)

    def _take(self, event: MultipartSegment | bytes | None) -> Iterator[FileStart | bytes]:
        if isinstance(event, MultipartSegment):
            yield from self._start(event)
        elif event is None:
            self._end()
        elif self._part is not None and self._part.name == FILE_PART:
            yield event
        else:
            self._text += event
            if len(self._text) > FIELD_BYTES_MAX:
                raise FormTooLargeError(f"A field may have {FIELD_BYTES_MAX} bytes at most.", param=self._name())

    def _start(self, part: MultipartSegment) -> Iterator[FileStart]:
        self._part = part
        filename = _filename(part)
        if part.name == FILE_PART and not self._file_seen:
            self._file_seen = True
            yield FileStart(filename)
        elif part.name == FILE_PART or filename is not None:
            raise FileUnexpectedError(param=self._name())

    def _end(self) -> None:
        if self._part is not None and self._part.name != FILE_PART:
            try:
                text = self._text.decode()
            except UnicodeDecodeError as error:
                raise MultipartMalformedError("The field is not UTF-8.", param=self._name()) from error
            self.fields.setdefault(self._name(), []).append(text)
        self._text = bytearray()

    def _name(self) -> str:
        return _visible(self._part.name or "") if self._part is not None else ""


def _filename(part: MultipartSegment) -> str | None:
    """Return the part's file name, also in the form `filename*=utf-8''...`, which some clients send alone."""
    if part.filename is not None:
        return _visible(part.filename)
    header = Message()
    header["Content-Disposition"] = next(
        (value for name, value in part.headerlist if name == "Content-Disposition"), ""
    )
    return header.get_filename()


def _visible(text: str) -> str:
    """Read a header value as UTF-8, where it is, else as Latin-1."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
