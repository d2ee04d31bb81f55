"""The child process that opens foreign files: `python -m apps.recordings.media.child`, started by `tools.py`.

Request: the action with `source`, and
probe: `format`, `limits`;
prepare: the same and `out`, the folder for the files it writes;
cut: `pieces`, each `[start_ms, end_ms, file]`, where `source` is one of our own prepared files.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from errno import ENOSPC
from pathlib import Path
from typing import Any

from apps.core.child import ChildFailedError, serve
from apps.recordings.media.formats import FORMATS
from apps.recordings.media.source import Source, source_open
from apps.recordings.media.types import MediaLimits, Piece, Prepared


def handle(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return _ACTIONS[request["action"]](request)
    except OSError as error:
        if error.errno != ENOSPC:
            raise
        raise ChildFailedError("no_space_left", "no space left for the prepared files") from error


def _probe(request: dict[str, Any]) -> dict[str, Any]:
    with _source(request) as source:
        return asdict(source.probe())


def _prepare(request: dict[str, Any]) -> dict[str, Any]:
    from apps.recordings.media.prepare import prepare  # noqa: PLC0415 - numpy takes longer to load than probing

    with _source(request) as source:
        return _answer(prepare(source, Path(request["out"])))


def _cut(request: dict[str, Any]) -> dict[str, Any]:
    from apps.recordings.media.cut import cut  # noqa: PLC0415 - as above

    cut(Path(request["source"]), [Piece(start, end, Path(file)) for start, end, file in request["pieces"]])
    return {}


_ACTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"probe": _probe, "prepare": _prepare, "cut": _cut}


def _source(request: dict[str, Any]) -> AbstractContextManager[Source]:
    return source_open(Path(request["source"]), FORMATS[request["format"]], MediaLimits(**request["limits"]))


def _answer(prepared: Prepared) -> dict[str, Any]:
    """Paths become names within the folder that the parent named."""
    answer = asdict(prepared)
    answer["playback"] = prepared.playback.name
    answer["channels"] = [
        {"file": channel.file.name, "speech": [[region.start_ms, region.end_ms] for region in channel.speech]}
        for channel in prepared.channels
    ]
    return answer


if __name__ == "__main__":
    serve(handle)
