"""JSON bodies, read with a bound: nobody fills our memory with one."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from apps.api.errors import BodyTooLargeError

JSON_BYTES_MAX = 1024 * 1024


class BoundedJsonParser(JSONParser):
    """As Django REST framework's, for bodies up to 1 MB."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - whatever the JSON is
        """Return the parsed body. Raises BodyTooLargeError and ParseError."""
        body = stream.read(JSON_BYTES_MAX + 1)
        if len(body) > JSON_BYTES_MAX:
            raise BodyTooLargeError(f"A JSON body may have {JSON_BYTES_MAX} bytes at most.")
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
