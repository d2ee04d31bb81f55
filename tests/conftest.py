"""What every test may ask for. Servers are real: their addresses come from `python -m project.stack exec`."""

from collections.abc import Callable

import pytest

from apps.accounts import services as accounts
from apps.accounts.models import Workspace
from apps.accounts.types import Actor
from apps.pipeline.models import Stage
from apps.pipeline.services.perform import stage_perform


@pytest.fixture
def workspace(db) -> Workspace:
    return accounts.workspace_create(name="acme", title="Acme")


@pytest.fixture
def actor(workspace) -> Actor:
    return Actor(workspace.pk, "test")


@pytest.fixture
def work() -> Callable[[], None]:
    """Be the workers: perform every stage that is due until none is."""

    def drain() -> None:
        while due := list(Stage.objects.due().order_by("pk").values_list("pk", flat=True)):
            for stage_id in due:
                stage_perform(stage_id=stage_id)

    return drain
