"""The child process that opens foreign files: `python -m apps.recordings.media.child`, started by `tools.py`.

Request: action (probe or prepare), source, format, limits, and for prepare the folder for the files it writes.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.core.child import serve
from apps.recordings.media.formats import FORMATS
from apps.recordings.media.source import source_open
from apps.recordings.media.types import MediaLimits, Prepared


def handle(request: dict[str, Any]) -> dict[str, Any]:
    limits = MediaLimits(**request["limits"])
    with source_open(Path(request["source"]), FORMATS[request["format"]], limits) as source:
        if request["action"] == "probe":
            return asdict(source.probe())
        from apps.recordings.media.prepare import prepare  # noqa: PLC0415 - numpy takes longer to load than probing

        return _answer(prepare(source, Path(request["out"])))


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
