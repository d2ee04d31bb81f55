import json
from pathlib import Path

import pytest
from django.test import Client

from apps.accounts import services as accounts
from apps.core import storage

CLIPS = Path(__file__).parent.parent / "data" / "audio"
CARDS = (CLIPS / "en_cards_16k.wav").read_bytes()


class Api:
    """A program with a key, speaking to the views without a network."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.client = Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)

    def get(self, path, **headers):
        answer = self.client.get(self.path(path), headers=dashed(headers))
        answer.whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return answer

    def delete(self, path, **headers):
        return self.client.delete(self.path(path), headers=dashed(headers))

    def patch(self, path, body, **headers):
        return self.client.patch(
            self.path(path), body_of(body), content_type="application/json", headers=dashed(headers)
        )

    def post(self, path, body=None, **headers):
        return self.client.post(
            self.path(path), body_of(body or {}), content_type="application/json", headers=dashed(headers)
        )

    def send(self, content=CARDS, *, content_type="application/octet-stream", query="", **headers):
        """Send a file as the body."""
        return self.client.post(
            self.path(f"recordings{query}"), content, content_type=content_type, headers=dashed(headers)
        )

    def send_form(self, fields, **headers):
        """Send a form; a field that has a `read` is the file."""
        return self.client.post(self.path("recordings"), fields, headers=dashed(headers))

    @staticmethod
    def path(path):
        return path if path.startswith("/") else f"/api/v1/{path}"


def dashed(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def body_of(body):
    return body if isinstance(body, (str, bytes)) else json.dumps(body)


@pytest.fixture
def key(workspace):
    return accounts.api_key_create(workspace=workspace, name="tests")[1]


@pytest.fixture
def api(key):
    return Api(key)


@pytest.fixture
def stranger(db):
    """A program of another workspace."""
    other = accounts.workspace_create(name="other")
    return Api(accounts.api_key_create(workspace=other, name="tests")[1])


@pytest.fixture
def with_scopes(workspace):
    return lambda *scopes: Api(accounts.api_key_create(workspace=workspace, name="few", scopes=scopes)[1])


@pytest.fixture
def stored(workspace):
    """The keys of the workspace's objects and the uploads that are open there; removed afterwards."""
    prefix = f"{workspace.pk}/"

    def look():
        client, bucket = storage.client(), storage.bucket()
        objects = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        try:
            uploads = client.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads", [])
        except client.exceptions.NoSuchUpload:  # what rclone says where there never was one
            uploads = []
        return [entry["Key"] for entry in [*objects, *uploads]]

    yield look
    storage.delete_prefix(prefix)


@pytest.fixture
def recording(api, stored):
    return api.send().json()
