"""The statements that every stage passes through, written by hand.

Through the ORM a claim is five round trips (begin, update, select, commit, and the choice of how to commit) and takes
four times as long as all of this; the settling lock and the settling UPDATE are one statement here.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

from apps.accounts.models import Workspace
from apps.core.durability import LAZILY
from apps.pipeline.models import Run, Stage
from apps.recordings.models import Recording

Loaded = TypeVar("Loaded", bound=models.Model)

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

# Whoever cancels or deletes holds the recording's row, so it is the first lock that is taken here, too: the UPDATE has
# no row to change before the recording has been found and locked. Until the end of the run (`flow.run_finish`) whatever
# is lost is made again, so the transaction does not wait for the disk.
SETTLE = f"""
    WITH lazily AS (SELECT {LAZILY}), recording AS (
        SELECT id FROM recordings_recording WHERE id = %(recording_id)s FOR NO KEY UPDATE
    )
    UPDATE pipeline_stage
    SET status = %(status)s, finished_at = statement_timestamp(), lease_until = NULL,
        result = coalesce(%(result)s, result), error_code = %(error_code)s, error_detail = %(error_detail)s
    FROM recording, lazily
    WHERE pipeline_stage.id = %(stage_id)s AND status = 'running' AND lease_token = %(token)s
"""  # noqa: S608

# A stage that is ours is opened as taken: the worker that opens it goes on with it.
OPEN = """
    INSERT INTO pipeline_stage (
        id, run_id, kind, index, name, input, status, attempts, lease_token, lease_until, started_at,
        hinted_at, hints, result, error_code, error_detail
    )
    SELECT id, %(run_id)s, kind, index, name, input,
        CASE WHEN is_ours THEN 'running' ELSE 'ready' END, is_ours::int, is_ours::int,
        CASE WHEN is_ours THEN statement_timestamp() + %(lease_seconds)s * interval '1 second' END,
        CASE WHEN is_ours THEN statement_timestamp() END,
        statement_timestamp(), 1, '{}', '', ''
    FROM jsonb_to_recordset(%(stages)s)
        AS new (id uuid, kind text, index int, name text, input jsonb, is_ours boolean)
    ON CONFLICT DO NOTHING
    RETURNING id
"""


def stages_open(run: Run, stages: Sequence[Stage], *, ours: Stage | None, lease_seconds: float) -> set[UUID]:
    """Write down new stages as just hinted, and one of them as taken; returns the ids of those that are new indeed."""
    rows = [
        {"id": str(one.pk), "kind": one.kind, "index": one.index, "name": one.name, "input": one.input}
        | {"is_ours": one is ours}
        for one in stages
    ]
    values: dict[str, UUID | str | float] = {
        "run_id": run.pk,
        "stages": json.dumps(rows),
        "lease_seconds": lease_seconds,
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN, values)
        return {stage_id for (stage_id,) in cursor.fetchall()}


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
        return bool(cursor.rowcount)


def _instance(model: type[Loaded], values: Iterator[Any]) -> Loaded:
    """Make an instance of the next values of the row, converted as the ORM converts them."""
    fields = _fields(model)
    converted = [_convert(field, next(values)) for field in fields]
    return model.from_db(connection.alias, [field.attname for field in fields], converted)


def _convert(field: models.Field[Any, Any], value: Any) -> Any:  # noqa: ANN401 - any column
    convert = getattr(field, "from_db_value", None)
    return value if convert is None else convert(value, None, connection)
