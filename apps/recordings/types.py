"""Words about recordings that need no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Uploaded bytes that lie in storage, complete."""

    key: str
    size_bytes: int
    sha256: str
    container: str
    media_type: str


@dataclass(frozen=True, slots=True)
class RecordingDraft:
    """What an uploader says about a recording, checked and normalised."""

    scenario: str
    filename: str = ""
    title: str = ""
    language_code: str = ""
    speakers_expected: int | None = None
    keyterms: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
