"""The statements that every stage passes through, written by hand.

Through the ORM a claim is five round trips (begin, update, select, commit, and the choice of how to commit) and takes
four times as long as all of this; the settling lock and the settling UPDATE are one statement here.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, models

from apps.accounts.models import Workspace
from apps.core.durability import DURABLY, LAZILY
from apps.pipeline.models import Run, Stage
from apps.recordings.models import Recording

Loaded = TypeVar("Loaded", bound=models.Model)

Statement = tuple[str, list[Any]]
"""With its values."""

LOADED: dict[type[models.Model], tuple[str, set[str]]] = {
    Stage: ("taken", {"id", "run_id", "kind", "index", "name", "status", "attempts", "lease_token", "input"}),
    Run: ("run", {"id", "recording_id", "number", "from_stage", "ignore_cache"}),
    Recording: (
        "recording",
        {"id", "workspace_id", "object_key", "container", "sha256", "scenario", "language_code"}
        | {"speakers_expected", "keyterms", "warnings"},
    ),
    Workspace: ("workspace", {"id", "default_language_code"}),
}
"""What the steps read, and its name in the statement. A column that is missing here costs a query when it is read."""


def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if field.attname in LOADED[model][1]]


def _select() -> str:
    return ", ".join(f'{LOADED[model][0]}."{field.column}"' for model in LOADED for field in _fields(model))


# Which stages are due is said by StageQuerySet.due() as well.
TAKE = f"""
    WITH lazily AS (SELECT {LAZILY}), taken AS (
        UPDATE pipeline_stage
        SET status = 'running', lease_token = lease_token + 1, attempts = attempts + 1,
            lease_until = statement_timestamp() + %(lease_seconds)s * interval '1 second',
            started_at = statement_timestamp()
        FROM lazily
        WHERE id = %(stage_id)s AND (
            status = 'ready' AND not_before <= statement_timestamp()
            OR status = 'running' AND lease_until < statement_timestamp()
        )
        RETURNING pipeline_stage.*
    )
    SELECT {_select()}
    FROM taken
    JOIN pipeline_run run ON run.id = taken.run_id
    JOIN recordings_recording recording ON recording.id = run.recording_id
    JOIN accounts_workspace workspace ON workspace.id = recording.workspace_id
"""  # noqa: S608 - put together from names of columns

# Whoever cancels or deletes holds the recording's row, so it is the first lock that is taken here, too, by a statement
# of its own: the UPDATE sees what was committed while the lock was waited for. Until the end of the run whatever is
# lost is made again, so the transaction does not wait for the disk.
SETTLE = f"""
    SELECT {LAZILY} FROM recordings_recording WHERE id = %(recording_id)s FOR NO KEY UPDATE;
    UPDATE pipeline_stage
    SET status = %(status)s, finished_at = statement_timestamp(), lease_until = NULL,
        result = coalesce(%(result)s, result), error_code = %(error_code)s, error_detail = %(error_detail)s
    WHERE id = %(stage_id)s AND status = 'running' AND lease_token = %(token)s
"""  # noqa: S608

# A stage that is ours is opened as taken: the worker that opens it goes on with it.
OPEN = """
    INSERT INTO pipeline_stage (
        id, run_id, kind, index, name, input, status, attempts, lease_token, lease_until, started_at,
        hinted_at, hints, result, error_code, error_detail
    )
    VALUES {rows}
    ON CONFLICT DO NOTHING
    RETURNING id
"""
OPENED = "(%s, %s, %s, %s, %s, %s, 'ready', 0, 0, NULL, NULL, statement_timestamp(), 1, '{}', '', '')"
OPENED_AS_OURS = """(
    %s, %s, %s, %s, %s, %s, 'running', 1, 1, statement_timestamp() + %s * interval '1 second', statement_timestamp(),
    statement_timestamp(), 1, '{}', '', ''
)"""

# The end of a run waits for the disk, whatever was said before.
CLOSE = f"""
    {DURABLY};
    UPDATE pipeline_run SET status = %s, finished_at = statement_timestamp() WHERE id = %s
"""  # noqa: S608

LEFT = """
    SELECT count(*), count(*) FILTER (WHERE status IN ('ready', 'running'))
    FROM pipeline_stage WHERE run_id = %s AND kind = 'transcribe'
"""

OUTLINE = """
    SELECT kind, status, name, error_code, error_detail, coalesce(result -> 'warnings', '[]')
    FROM pipeline_stage WHERE run_id = %s AND NOT (kind = 'transcribe' AND status = 'done')
    ORDER BY kind, index
"""


class StageOutline(NamedTuple):
    """How a stage ended, without what it came to."""

    kind: str
    status: str
    name: str
    error_code: str
    error_detail: str
    warnings: list[str]


def stages_open(
    run: Run, stages: Sequence[Stage], *, ours: Stage | None, lease_seconds: float, also: Statement | None = None
) -> set[UUID]:
    """Write down new stages as just hinted, one of them as taken, and send another statement with it.

    Returns the ids of those that are new indeed.
    """
    rows: list[str] = []
    values: list[Any] = []
    for one in stages:
        rows.append(OPENED_AS_OURS if one is ours else OPENED)
        values += [one.pk, run.pk, one.kind, one.index, one.name, json.dumps(one.input)]
        values += [lease_seconds] if one is ours else []
    statements = [OPEN.format(rows=", ".join(rows))] if rows else []
    if also is not None:
        statements.append(also[0])
        values += also[1]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements), values)
        return {stage_id for (stage_id,) in cursor.fetchall()} if rows else set()


def run_close(run: Run, status: Run.Status) -> None:
    """Write down how the run ended, durably."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, [status, run.pk])


def stage_take(stage_id: UUID, *, lease_seconds: float) -> Stage | None:
    """Take the stage if it is due, and load it with its run, recording and workspace; None where it is not."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"stage_id": stage_id, "lease_seconds": lease_seconds})
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    stage, run = _instance(Stage, values), _instance(Run, values)
    recording, workspace = _instance(Recording, values), _instance(Workspace, values)
    stage.run, run.recording, recording.workspace = run, recording, workspace
    return stage


def stage_settle(stage: Stage, *, token: int, result: dict[str, Any] | None) -> bool:
    """Lock the recording and write down how the stage ended, if it is still held; False where it is not."""
    values: dict[str, UUID | int | str | None] = {
        "recording_id": stage.run.recording_id,
        "stage_id": stage.pk,
        "token": token,
        "status": stage.status,
        "result": None if result is None else json.dumps(result),
        "error_code": stage.error_code,
        "error_detail": stage.error_detail,
    }
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, values)
        cursor.nextset()
        return bool(cursor.rowcount)


def chunks_left(run: Run) -> tuple[int, int]:
    """Return how many chunks the run has, and how many of them are not settled yet."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT, [run.pk])
        total, still_open = cursor.fetchone()
    return total, still_open


def stages_outline(run: Run) -> list[StageOutline]:
    """Return the stages that say how a run went: all but the many chunks that were heard."""
    with connection.cursor() as cursor:
        cursor.execute(OUTLINE, [run.pk])
        return [StageOutline._make([*row[:-1], json.loads(row[-1])]) for row in cursor.fetchall()]


def _instance(model: type[Loaded], values: Iterator[Any]) -> Loaded:
    """Make an instance of the next values of the row, converted as the ORM converts them."""
    fields = _fields(model)
    converted = [_convert(field, next(values)) for field in fields]
    return model.from_db(connection.alias, [field.attname for field in fields], converted)


def _convert(field: models.Field[Any, Any], value: Any) -> Any:  # noqa: ANN401 - any column
    convert = getattr(field, "from_db_value", None)
    return value if convert is None else convert(value, None, connection)
