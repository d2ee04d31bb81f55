import uuid

import pytest

from apps.core import storage


@pytest.fixture
def folder():
    """A prefix of its own in the real storage; the test says what must be left in it."""
    prefix = f"tests/{uuid.uuid4()}/"
    yield prefix
    storage.delete_prefix(prefix)


@pytest.fixture
def stored(folder):
    """The keys below the folder, and the uploads that are open there."""

    def look():
        client, bucket = storage.client(), storage.bucket()
        objects = client.list_objects_v2(Bucket=bucket, Prefix=folder).get("Contents", [])
        uploads = client.list_multipart_uploads(Bucket=bucket, Prefix=folder).get("Uploads", [])
        return [entry["Key"] for entry in objects], [entry["Key"] for entry in uploads]

    return look
