"""What can go wrong between the stages."""

from apps.core.errors import PermanentError, UserError


class RunOpenError(UserError):
    code = "run_open"
    title = "This recording is being processed; cancel that first"
    status = 409


class NothingToCancelError(UserError):
    code = "nothing_to_cancel"
    title = "Nothing is being done with this recording"
    status = 409


class StageNotPossibleError(UserError):
    code = "stage_not_possible"
    title = "The run cannot begin at this stage"
    status = 409


class UnknownStageError(UserError):
    code = "unknown_stage"
    title = "There is no such stage"


class UnknownGapError(UserError):
    code = "unknown_gap"
    title = "There is no such gap"
    status = 404


class PoisonError(PermanentError):
    code = "poison"
    title = "Workers died at this again and again"


class StageTimeoutError(PermanentError):
    code = "stage_timeout"
    title = "It took longer than a stage may take"
