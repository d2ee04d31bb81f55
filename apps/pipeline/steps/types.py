"""What the work of a stage looks like to whoever performs it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from apps.pipeline.services.claims import Claim
from apps.recordings.models import Recording
from apps.recordings.services import Mirror


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a computation came to: plain JSON for the stage's row, and how the rest is saved.

    `save` runs in the settling transaction, while the recording is locked, and only if the claim still holds.
    """

    result: dict[str, Any]
    save: Callable[[Recording], None]
    shows: Mirror = field(default_factory=Mirror)
    """What else the recording shows from now on."""


class Step(Protocol):
    """One kind of stage."""

    def compute(self, claim: Claim) -> Outcome:
        """Do the work outside any transaction; raises an AppError where it cannot be done."""
