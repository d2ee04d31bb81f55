"""What can go wrong with an engine, in one taxonomy for all vendors, and what the gateway itself refuses."""

from typing import ClassVar

from apps.core.errors import AppError, PermanentError, TransientError


class EngineError(AppError):
    """A call to an engine failed. Adapters raise nothing else."""

    may_have_charged: ClassVar[bool] = False
    """True where nobody can exclude that the vendor did the work and bills it."""


class EngineAuthError(EngineError, PermanentError):
    code = "engine_auth"
    title = "The engine does not accept our key"


class EngineQuotaError(EngineError, PermanentError):
    code = "engine_quota"
    title = "The account at the engine's vendor is used up"


class EngineRateLimitedError(EngineError, TransientError):
    code = "engine_rate_limited"
    title = "The engine asks us to slow down"


class EngineUnavailableError(EngineError, TransientError):
    """Refused connection, 5xx, a crashed local engine: nothing was charged, later may be better."""

    code = "engine_unavailable"
    title = "The engine is not available"


class EngineBadInputError(EngineError, PermanentError):
    code = "engine_bad_input"
    title = "The engine cannot use this input"


class EngineTooLargeError(EngineError, PermanentError):
    code = "engine_too_large"
    title = "The input is too large for the engine"


class EngineRefusedError(EngineError, PermanentError):
    code = "engine_refused"
    title = "The engine refused to answer"


class EngineTimeoutError(EngineError, TransientError):
    code = "engine_timeout"
    title = "The engine did not answer in time"
    may_have_charged = True


class EngineAmbiguousError(EngineError, TransientError):
    """Reset or broken off in the middle: nobody knows whether the work was done."""

    code = "engine_ambiguous"
    title = "The call to the engine broke off"
    may_have_charged = True


class EngineStoppedError(EngineError, TransientError):
    """Our side gave up before the engine had done anything that costs."""

    code = "engine_stopped"
    title = "The call was stopped"
    counts = False


class EngineAnswerError(EngineError, PermanentError):
    """The answer came, so it was paid, and it is of no use."""

    code = "engine_bad_answer"
    title = "The engine's answer makes no sense"
    may_have_charged = True


class NoEngineForLanguageError(PermanentError):
    code = "no_engine_for_language"
    title = "No engine for this language is switched on"


class NoEngineForReportError(PermanentError):
    code = "no_engine_for_report"
    title = "No engine that can make this report is switched on"


class CallInFlightError(TransientError):
    """Somebody else has the same question under way: wait for that answer instead of paying twice."""

    code = "call_in_flight"
    title = "The same work is being done right now"
    counts = False


class CallUnsettledError(PermanentError):
    """Twice nobody could tell whether the call was charged: a person decides about a third time."""

    code = "call_unsettled"
    title = "The outcome of earlier calls is unknown"


class SubjectForgottenError(PermanentError):
    """What was asked about has been deleted meanwhile."""

    code = "subject_forgotten"
    title = "The recording was deleted"
