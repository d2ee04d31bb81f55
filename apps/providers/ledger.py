"""Two short transactions around a call: reserve and settle. Nothing is held while an engine works.

What is guarded: two equal questions at once never call twice (a partial unique index decides the race); a paid answer
that came is on disk before anybody reads it; an answer about a deleted subject is not kept. What an engine that never
charges said is not waited for: if a crash of the database forgets it, it is asked again for nothing.
"""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models.functions import Now

from apps.core.durability import LAZILY
from apps.core.outages import persist
from apps.core.renewal import renewed
from apps.providers.errors import CallInFlightError, CallUnsettledError, SubjectForgottenError
from apps.providers.models import LEASE, ForgottenSubject, ProviderCall
from apps.providers.types import Answer, Engine

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 10.0
MAX_UNKNOWN = 2
"""A question whose calls ended without a known outcome is repeated once by itself, not more."""
IN_FLIGHT_RETRY_SECONDS = 2

LOCK_KEY = "hashtextextended('providers.subject:' || %(subject_id)s::text, 0)"

RESERVE = """
    INSERT INTO providers_providercall (
        id, workspace_id, subject_id, idem_key, purpose, operation, provider, model, attempt, lease_until,
        status, cached, units, cost, currency, error_code, provider_request_id
    )
    SELECT
        %(id)s, %(workspace_id)s, %(subject_id)s, %(idem_key)s, %(purpose)s, %(operation)s, %(provider)s, %(model)s,
        1, statement_timestamp() + %(lease_seconds)s * interval '1 second',
        'in_flight', false, '{}', 0, 'USD', '', ''
    WHERE NOT EXISTS (SELECT FROM providers_forgottensubject WHERE subject_id = %(subject_id)s)
        AND NOT EXISTS (SELECT FROM providers_providercall WHERE idem_key = %(idem_key)s)
    ON CONFLICT DO NOTHING
    RETURNING true
"""
"""Writes down the first call for a question; nothing where there is more to think about."""

KEEP = """
    UPDATE providers_providercall
    SET status = 'ok', units = %(units)s, provider_request_id = %(provider_request_id)s,
        finished_at = statement_timestamp(), raw_answer = CASE WHEN NOT EXISTS (
            SELECT FROM providers_forgottensubject WHERE subject_id = %(subject_id)s
        ) THEN %(raw_answer)s END
    WHERE id = %(call_id)s AND status = 'in_flight'
    RETURNING raw_answer IS NOT NULL
"""
"""Says whether the subject is alive; nothing where the call is not in flight any more."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which engine, for whom. Equal `idem_key`: the same answer will do."""

    workspace_id: UUID
    subject_id: UUID
    purpose: str
    idem_key: str
    engine: Engine


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to call once; or, with an answer, no need to."""

    call: ProviderCall
    raw_answer: dict[str, Any] | None


def call_reserve(question: Question) -> Reservation:
    """Use an earlier answer, or write the call down before it is made.

    Raises CallInFlightError, CallUnsettledError, SubjectForgottenError.
    """
    call = ProviderCall(**_columns(question), attempt=1)
    values = _columns(question) | {"id": call.pk, "lease_seconds": LEASE.total_seconds()}
    if _send(RESERVE, question.engine, values) is not None:
        return Reservation(call, None)
    try:
        with transaction.atomic(durable=True):
            if not _subject_is_alive(question.subject_id):
                raise SubjectForgottenError
            rows = list(ProviderCall.objects.of_question(question.idem_key))
            known = next((row for row in rows if row.answers), None)
            if known is not None:
                return _use_again(question, known)
            made = [row for row in rows if not row.cached]
            unknown = sum(row.status == ProviderCall.Status.UNKNOWN for row in made)
            unknown += _abandoned(question, made)
            if unknown < MAX_UNKNOWN:
                return Reservation(_write_down(question, attempt=len(made) + 1), None)
    except IntegrityError as error:  # somebody was faster by a moment
        raise CallInFlightError(retry_after=IN_FLIGHT_RETRY_SECONDS) from error
    raise CallUnsettledError  # after the commit: what was found abandoned stays settled


def call_settle(call: ProviderCall, engine: Engine, answer: Answer) -> None:
    """Keep the answer before anybody reads it.

    Raises SubjectForgottenError: it is counted, not kept. Raises CallInFlightError where the call was taken for
    abandoned meanwhile and somebody else asks again: it is counted, not used.
    """

    def write() -> tuple[bool, bool]:
        alive = _send(KEEP, engine, values)
        if alive is not None:
            return alive, True
        lost = (ProviderCall.Status.UNKNOWN, ProviderCall.Status.FAILED)
        late = ProviderCall.objects.filter(pk=call.pk, status__in=lost)
        return True, not late.update(error_code="call_late", finished_at=Now(), **settlement)

    settlement = _settlement(answer)
    values = {
        "call_id": call.pk,
        "subject_id": call.subject_id,
        "raw_answer": json.dumps(answer.raw),
        "units": json.dumps(settlement["units"]),
        "provider_request_id": settlement["provider_request_id"],
    }
    alive, ours = persist(write)
    if not alive:
        raise SubjectForgottenError
    if not ours:
        raise CallInFlightError(retry_after=IN_FLIGHT_RETRY_SECONDS)


def call_fail(call: ProviderCall, *, code: str, charged: bool) -> None:
    """Settle a call without an answer; `charged`: nobody can exclude that it was billed."""
    status = ProviderCall.Status.UNKNOWN if charged else ProviderCall.Status.FAILED

    def write() -> None:
        ProviderCall.objects.in_flight(call.pk).update(status=status, error_code=code, finished_at=Now())

    persist(write)


def call_note(call: ProviderCall, *, code: str) -> None:
    """Say of an answer that came why it was of no use."""
    ProviderCall.objects.filter(pk=call.pk).update(error_code=code)


def calls_forget(*, subject_id: UUID) -> None:
    """Blank every answer about a subject, now and for calls that are still under way.

    Rows of other subjects that used the same answer have their own copy and keep it.
    """
    with transaction.atomic():
        _subject_lock(subject_id, shared=False)
        ForgottenSubject.objects.get_or_create(subject_id=subject_id)
        ProviderCall.objects.filter(subject_id=subject_id, raw_answer__isnull=False).update(raw_answer=None)


def call_renewed(call: ProviderCall) -> AbstractContextManager[None]:
    """Renew the call's lease for as long as the block runs."""

    def renew() -> bool:
        try:
            return ProviderCall.objects.renew(call.pk)
        except OperationalError:
            log.warning("call_not_renewed", call_id=str(call.pk))
            return True

    return renewed(renew, seconds=HEARTBEAT_SECONDS)


def _subject_lock(subject_id: UUID, *, shared: bool) -> None:
    """Order storing and forgetting: many calls of a subject store at once, forgetting waits for them."""
    name = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}({LOCK_KEY})", {"subject_id": subject_id})


def _subject_is_alive(subject_id: UUID) -> bool:
    """Answer for the rest of the transaction: forgetting waits until it ends."""
    _subject_lock(subject_id, shared=True)
    return not ForgottenSubject.objects.filter(pk=subject_id).exists()


def _send(statement: str, engine: Engine, values: dict[str, Any]) -> bool | None:
    """Take the subject's shared lock and perform a statement, in one message that is a transaction of its own.

    They are two statements because the second one must see what was committed while the lock was waited for.
    """
    with transaction.atomic(durable=True):
        pass  # costs nothing, and raises inside a transaction, which could take back what was paid
    lazily = "" if engine.charges else f", {LAZILY}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({LOCK_KEY}){lazily}; {statement}", values)
        cursor.nextset()
        row = cursor.fetchone()
    return None if row is None else row[0]


def _use_again(question: Question, known: ProviderCall) -> Reservation:
    call = ProviderCall.objects.create(
        **_columns(question),
        attempt=known.attempt,
        status=ProviderCall.Status.OK,
        cached=True,
        currency=known.currency,
        provider_request_id=known.provider_request_id,
        raw_answer=known.raw_answer,  # a copy: its subject may outlive the one that paid
        finished_at=Now(),
        lease_until=Now(),
    )
    return Reservation(call, json.loads(known.raw_answer or "{}"))


def _abandoned(question: Question, made: list[ProviderCall]) -> int:
    """Settle a call whose worker is gone; return how many outcomes this leaves unknown.

    Raises CallInFlightError where the worker may still be alive.
    """
    open_call = next((row for row in made if row.status == ProviderCall.Status.IN_FLIGHT), None)
    if open_call is None:
        return 0
    status = ProviderCall.Status.UNKNOWN if question.engine.charges else ProviderCall.Status.FAILED
    expired = ProviderCall.objects.in_flight(open_call.pk).filter(lease_until__lt=Now())
    if not expired.update(status=status, error_code="call_abandoned", finished_at=Now()):
        raise CallInFlightError(retry_after=IN_FLIGHT_RETRY_SECONDS)
    return int(status == ProviderCall.Status.UNKNOWN)


def _write_down(question: Question, *, attempt: int) -> ProviderCall:
    return ProviderCall.objects.create(**_columns(question), attempt=attempt, lease_until=Now() + LEASE)


def _columns(question: Question) -> dict[str, Any]:
    return {
        "workspace_id": question.workspace_id,
        "subject_id": question.subject_id,
        "idem_key": question.idem_key,
        "purpose": question.purpose,
        "operation": question.engine.operation.value,
        "provider": question.engine.provider,
        "model": question.engine.model,
    }


def _settlement(answer: Answer) -> dict[str, Any]:
    return {
        "status": ProviderCall.Status.OK,
        "units": answer.usage.units(),
        "provider_request_id": (answer.provider_request_id or "")[:200],
    }
