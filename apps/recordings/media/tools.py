"""What the rest of the product calls: look at a foreign file, and prepare it, in a child process with limits.

Neither libav nor numpy is loaded here, so a worker stays small.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from apps.core.child import ChildFailedError, ChildKilledError, Limits, run_child
from apps.core.errors import AppError
from apps.recordings.errors import (
    CorruptedAudioError,
    DecoderKilledError,
    MediaTooLongError,
    NoAudioError,
    NoSpaceLeftError,
)
from apps.recordings.media.chunks import BYTES_PER_MS
from apps.recordings.media.formats import Format
from apps.recordings.media.types import Levels, MediaLimits, Piece, Prepared, PreparedChannel, Probe, Region

_CHILD = "apps.recordings.media.child"
_MEMORY_BYTES = 1 << 30
"""Address space: libav and numpy map 350 MB before they do anything; at work they use under 100 MB of it."""
_PROBE_SECONDS = 20
_ERRORS: tuple[type[AppError], ...] = (CorruptedAudioError, NoAudioError, MediaTooLongError, NoSpaceLeftError)


def probe(path: Path, fmt: Format, *, limits: MediaLimits | None = None, stop: threading.Event | None = None) -> Probe:
    """Read the headers of a file, within a second whatever its length.

    Raises CorruptedAudioError, NoAudioError, MediaTooLongError or DecoderKilledError, and ChildStoppedError once `stop`
    is set.
    """
    budget = Limits(
        cpu_seconds=_PROBE_SECONDS, wall_seconds=3 * _PROBE_SECONDS, memory_bytes=_MEMORY_BYTES, file_bytes=0
    )
    request = _request("probe", path, fmt, limits or MediaLimits())
    return Probe(**_ask(request, budget, path.parent, stop))


def prepare(
    path: Path,
    fmt: Format,
    out: Path,
    *,
    limits: MediaLimits | None = None,
    stop: threading.Event | None = None,
) -> Prepared:
    """Decode a file once and write what is made of it into the folder `out`, which exists and is empty.

    Raises as `probe` does, and NoSpaceLeftError. After an error `out` may hold incomplete files.
    """
    allowed = limits or MediaLimits()
    budget = _budget(allowed.max_duration_ms, allowed.max_duration_ms)
    request = _request("prepare", path, fmt, allowed) | {"out": str(out.resolve())}
    return _prepared(_ask(request, budget, out, stop), out)


def cut(source: Path, pieces: Sequence[Piece], *, stop: threading.Event | None = None) -> None:
    """Cut pieces out of a prepared file, each to a FLAC file of its own, exact to the sample.

    Pieces in the order of time are read once. Raises DecoderKilledError, NoSpaceLeftError or ChildStoppedError.
    """
    if not pieces:
        return
    total_ms = sum(piece.end_ms - piece.start_ms for piece in pieces)
    longest_ms = max(piece.end_ms - piece.start_ms for piece in pieces)
    request = {
        "action": "cut",
        "source": str(source.resolve()),
        "pieces": [[piece.start_ms, piece.end_ms, str(piece.file.resolve())] for piece in pieces],
    }
    _ask(request, _budget(total_ms, longest_ms), source.parent, stop)


def _budget(work_ms: int, longest_file_ms: int) -> Limits:
    """What decoding and encoding this much audio may take: thirty times what it takes on a small server."""
    seconds = work_ms // 1000
    return Limits(
        cpu_seconds=30 + seconds // 30,
        wall_seconds=120 + seconds // 10,
        memory_bytes=_MEMORY_BYTES,
        file_bytes=BYTES_PER_MS * longest_file_ms + (1 << 20),
    )


def _request(action: str, path: Path, fmt: Format, limits: MediaLimits) -> dict[str, Any]:
    return {"action": action, "source": str(path.resolve()), "format": fmt.name, "limits": asdict(limits)}


def _ask(request: Mapping[str, Any], limits: Limits, cwd: Path, stop: threading.Event | None) -> dict[str, Any]:
    try:
        return run_child(_CHILD, request, limits=limits, cwd=cwd, stop=stop)
    except ChildKilledError as error:
        raise DecoderKilledError(error.detail) from error
    except ChildFailedError as error:
        found = next(kind for kind in _ERRORS if kind.code == error.reason)
        raise found(error.detail) from error


def _prepared(answer: dict[str, Any], out: Path) -> Prepared:
    channels = tuple(
        PreparedChannel(out / channel["file"], tuple(Region(start, end) for start, end in channel["speech"]))
        for channel in answer["channels"]
    )
    own = {
        "channels": channels,
        "playback": out / answer["playback"],
        "levels": Levels(**answer["levels"]),
        "peaks": tuple(answer["peaks"]),
    }
    return Prepared(**(answer | own))
