"""Uploads in the staff pages: streamed, described, refused, and leaving nothing behind when they fail."""

import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.accounts.models import AuditEntry, Workspace
from apps.core import storage
from apps.recordings.models import Recording

AUDIO = Path(__file__).parent.parent / "data" / "audio"
FORM = "admin:recordings_recording_add"
BOUNDARY = "vox-boundary"


def clip(name: str = "en_cards_16k.wav") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (AUDIO / "en_cards_16k.wav").read_bytes(), "audio/wav")


def body(file: bytes | None, *, filename: str = "talk.wav", **fields: str) -> bytes:
    """A form as the page's script sends it: the fields, then the file."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    data = "".join(parts).encode()
    if file is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
        data += head.encode() + file + b"\r\n"
    return data + f"--{BOUNDARY}--\r\n".encode()


def put(client: Client, workspace_id: object, data: bytes, **headers: str):
    address = f"{reverse('admin:recordings_recording_upload_file')}?workspace={workspace_id}"
    return client.put(address, data, f"multipart/form-data; boundary={BOUNDARY}", headers=headers)


def stored(workspace: Workspace) -> list[str]:
    """The keys of a workspace's objects in the storage."""
    found = storage.client().list_objects_v2(Bucket=storage.bucket(), Prefix=f"{workspace.pk}/")
    return [entry["Key"] for entry in found.get("Contents", [])]


@pytest.fixture
def nothing_left(workspace, other_workspace):
    """Whatever the test does, the storage holds nothing of these workspaces afterwards."""
    yield
    assert stored(workspace) + stored(other_workspace) == []


def test_a_file_becomes_a_recording_with_its_metadata(analyst, workspace):
    fields = {
        "title": "Talk",
        "scenario": "interview",
        "language_code": "en",
        "client": "Ann",
        "tags": "a, b",
        "number": "7",
    }
    answer = put(analyst, workspace.pk, body(clip().read(), **fields))
    recording = Recording.objects.get()

    assert answer.status_code == 201
    assert answer.json()["url"] == reverse("admin:recordings_recording_change", args=[recording.pk])
    assert (recording.workspace, recording.title, recording.scenario) == (workspace, "Talk", "interview")
    assert recording.metadata == {"client": "Ann", "tags": ["a", "b"], "number": "7"}
    assert (recording.filename, recording.container, recording.language_code) == ("talk.wav", "wav", "en")
    assert storage.size(recording.object_key) == recording.size_bytes == clip().size
    assert recording.uploaded_by.startswith("staff:")
    assert AuditEntry.objects.get(action="recording.create").actor == recording.uploaded_by


def test_the_same_file_again_is_called_a_duplicate(analyst, workspace):
    first, second = (put(analyst, workspace.pk, body(clip().read(), scenario="general")).json() for _ in range(2))

    assert (first["is_duplicate"], second["is_duplicate"]) == (False, True)


@pytest.mark.parametrize(
    ("file", "fields", "status", "code", "param"),
    [
        (b"", {"scenario": "general"}, 422, "empty_file", "file"),
        (b"not a sound" * 100, {"scenario": "general"}, 415, "unsupported_media", "file"),
        (None, {"scenario": "general"}, 422, "file_missing", "file"),
        (b"sound", {"scenario": "dance"}, 422, "invalid_field", "scenario"),
        (b"sound", {"scenario": "general", "title": "x" * 301}, 422, "invalid_field", "title"),
        (b"sound", {"scenario": "general", "tags": ",".join(map(str, range(31)))}, 422, "invalid_field", "tags"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_left(  # noqa: PLR0917
    analyst, workspace, nothing_left, file, fields, status, code, param
):
    content = clip().read() if file == b"sound" else file
    answer = put(analyst, workspace.pk, body(content, **fields))

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["param"]) == (code, param)
    assert answer.json()["detail"]
    assert not Recording.objects.exists()


def test_a_file_over_the_limit_is_refused(analyst, workspace, nothing_left, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    answer = put(analyst, workspace.pk, body(clip().read(), scenario="general"))

    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_nobody_uploads_where_they_may_not(client_of, workspace, other_workspace, nothing_left, role):
    target = workspace if role == "viewer" else other_workspace
    answer = put(client_of(role), target.pk, body(clip().read(), scenario="general"))

    assert (answer.status_code, answer.json()["param"]) == (422, "workspace")
    assert put(client_of(role), "nonsense", b"").status_code == 422
    assert not Recording.objects.exists()


def test_a_workspace_named_in_the_form_does_not_count(analyst, workspace, other_workspace):
    put(analyst, workspace.pk, body(clip().read(), scenario="general", workspace=str(other_workspace.pk)))

    assert Recording.objects.get().workspace == workspace


class Unread(io.BytesIO):
    """A body that notices when somebody reads it."""

    was_read = False

    def read(self, *_: object) -> bytes:
        self.was_read = True
        return b""


def test_without_the_token_in_the_header_nothing_is_read(person, workspace):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("analyst"))
    client.get(reverse(FORM))
    address = f"{reverse('admin:recordings_recording_upload_file')}?workspace={workspace.pk}"
    kind = f"multipart/form-data; boundary={BOUNDARY}"

    def put_read(**headers: str) -> tuple[int, bool]:
        unread = Unread()
        answer = client.put(address, b"x" * 10, kind, headers=headers, **{"wsgi.input": unread})
        return answer.status_code, unread.was_read

    assert put_read() == (403, False)
    assert put_read(**{"X-CSRFToken": client.cookies["csrftoken"].value}) == (400, True)  # it ended too early


def test_with_the_token_in_the_header_it_is_accepted(person, workspace):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("analyst"))
    token = client.get(reverse(FORM)).cookies["csrftoken"].value

    assert (
        put(client, workspace.pk, body(clip().read(), scenario="general"), **{"X-CSRFToken": token}).status_code == 201
    )


def test_strangers_are_sent_to_the_login(client, workspace):
    assert put(client, workspace.pk, body(b"x")).status_code == 302
    assert client.get(reverse(FORM)).status_code == 302


def test_a_plain_form_takes_several_files_and_names_the_bad_one(analyst, workspace):
    files = [clip("one.wav"), SimpleUploadedFile("page.html", b"<html>" * 50), clip("two.wav")]
    fields = {"workspace": workspace.pk, "scenario": "call", "employee": "Ann", "file": files}
    shown = analyst.post(reverse(FORM), fields, follow=True).content.decode()

    assert {one.filename for one in Recording.objects.all()} == {"one.wav", "two.wav"}
    assert {one.metadata["employee"] for one in Recording.objects.all()} == {"Ann"}
    assert "page.html: This is not an audio or video format that we read" in shown
    assert "Uploaded: 2." in shown


def test_a_plain_form_with_one_file_goes_to_its_page(analyst, workspace):
    answer = analyst.post(reverse(FORM), {"workspace": workspace.pk, "scenario": "call", "file": clip()})

    assert answer["Location"] == reverse("admin:recordings_recording_change", args=[Recording.objects.get().pk])


def test_a_plain_form_without_a_file_asks_for_one(analyst, workspace):
    shown = analyst.post(reverse(FORM), {"workspace": workspace.pk, "scenario": "call"}, follow=True).content.decode()

    assert "Choose a file first." in shown


def test_a_plain_form_for_another_workspace_is_shown_again(analyst, other_workspace):
    answer = analyst.post(reverse(FORM), {"workspace": other_workspace.pk, "scenario": "call", "file": clip()})

    assert answer.status_code == 200
    assert not Recording.objects.exists()


def test_the_form_offers_only_workspaces_to_upload_to(analyst, workspace, other_workspace):
    shown = analyst.get(reverse(FORM)).content.decode()

    assert str(workspace.pk) in shown
    assert str(other_workspace.pk) not in shown
