"""What can go wrong with a transcript."""

from apps.core.errors import UserError


class TranscriptNotReadyError(UserError):
    code = "transcript_not_ready"
    title = "There is no transcript yet"
    status = 404


class InvalidGapError(UserError):
    code = "invalid_gap"
    title = "A gap cannot be filled like this"
