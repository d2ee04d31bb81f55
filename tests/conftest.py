"""What every test may ask for. Servers are real: their addresses come from `python -m project.stack exec`."""

import contextlib
from collections.abc import Callable

import pytest

from apps.accounts import services as accounts
from apps.accounts.models import Workspace
from apps.accounts.types import Actor
from apps.core import storage
from apps.pipeline.models import Stage
from apps.pipeline.services.perform import stage_perform


@pytest.fixture(scope="session", autouse=True)
def bucket() -> None:
    """Make this process's own bucket (project/settings_test.py)."""
    known = storage.client().exceptions
    with contextlib.suppress(known.BucketAlreadyOwnedByYou, known.BucketAlreadyExists):  # left by an earlier run
        storage.client().create_bucket(Bucket=storage.bucket())
    # The embedded server cannot list the open uploads of a bucket that never had one.
    place = {"Bucket": storage.bucket(), "Key": "first"}
    upload = storage.client().create_multipart_upload(**place)
    storage.client().abort_multipart_upload(**place, UploadId=upload["UploadId"])


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
