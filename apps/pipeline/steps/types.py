"""What the work of a stage looks like to whoever performs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from apps.pipeline.services.claims import Claim
from apps.recordings.models import Recording


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a computation came to: plain JSON for the stage's row, and how the rest is saved.

    `save` runs in the settling transaction, on the locked recording, and only if the claim still holds.
    """

    result: dict[str, Any]
    save: Callable[[Recording], None]


class Step(Protocol):
    """One kind of stage."""

    def compute(self, claim: Claim) -> Outcome:
        """Do the work outside any transaction; raises an AppError where it cannot be done."""
