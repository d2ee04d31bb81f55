"""The main job on the running stack: a recording goes in, a transcript and a report come out."""

import contextlib
import json
import os
import signal
import time
from pathlib import Path

import httpx
import jiwer
import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]

AUDIO = Path(__file__).resolve().parents[1] / "data" / "audio"
CLIPS = json.loads((AUDIO / "references.json").read_text())
RESTART_SECONDS = 10
CARDS = "eight of spades four of clubs seven of hearts"


def text_of(client, recording) -> str:
    return client.get(f"/api/v1/recordings/{recording['id']}/transcript").raise_for_status().json()["text"]


def test_cards_are_transcribed_word_for_word(stack, client):
    accepted = stack.upload(client, "en_cards_16k.wav", language_code="en", metadata='{"client": "Ann"}')
    recording = stack.finished(client, accepted["id"])

    assert accepted["status"] == "queued"
    assert recording["status"] == "completed"
    assert recording["coverage"]["gaps"] == []
    assert recording["metadata"] == {"client": "Ann"}
    assert text_of(client, recording) == CARDS


def test_a_speech_of_1961_is_understood_well_enough(stack, client):
    recording = stack.finished(client, stack.upload(client, "en_jfk_44k_stereo.flac", language_code="en")["id"])

    reference = (
        "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    )
    assert recording["status"] == "completed"
    assert jiwer.wer(reference, text_of(client, recording)) <= 0.40


def test_a_raw_body_is_as_good_as_a_form(stack, client):
    data = (AUDIO / "en_arctic_16k.wav").read_bytes()
    answer = client.post(
        "/api/v1/recordings?filename=arctic.wav&scenario=interview",
        content=data,
        headers={"Content-Type": "application/octet-stream"},
    )
    recording = stack.finished(client, answer.json()["id"])

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/recordings/{recording['id']}"
    assert recording["filename"] == "arctic.wav"
    assert recording["scenario"] == "interview"


def test_reports_point_to_words_that_were_said(stack, client):
    recording = stack.finished(client, stack.upload(client, "en_cards_16k.wav", scenario="interview")["id"])
    reports = client.get(f"/api/v1/recordings/{recording['id']}/reports").raise_for_status().json()["data"]
    text = text_of(client, recording)

    assert {report["type"] for report in reports} == {"summary", "conversation"}
    quotes = [evidence for report in reports for finding in report["findings"] for evidence in finding["evidence"]]
    assert quotes
    for evidence in quotes:
        assert evidence["state"] == "verified"
        assert text[evidence["char_start"] : evidence["char_end"]] == evidence["quote"]
    markdown = client.get(f"/api/v1/reports/{reports[0]['id']}?format=md").raise_for_status().text
    assert "local" in markdown.lower()


def test_russian_without_a_russian_engine_asks_for_attention(stack, client):
    recording = stack.finished(client, stack.upload(client, "en_arctic_16k.wav", language_code="ru")["id"])

    assert recording["status"] == "needs_attention"
    assert recording["error"]["code"] == "no_engine_for_language"


def test_every_short_english_clip_completes(stack, client):
    names = [name for name, clip in CLIPS.items() if clip["language"] == "en" and len(clip["reference"].split()) < 40]
    accepted = {name: stack.upload(client, name, language_code="en")["id"] for name in sorted(names)}

    assert len(accepted) >= 12
    for name, recording_id in accepted.items():
        recording = stack.finished(client, recording_id, seconds=240)
        assert recording["status"] == "completed", (name, recording)
        assert text_of(client, recording), name


def test_audio_is_served_in_ranges(stack, client):
    recording = stack.finished(client, stack.upload(client, "en_cards_16k.wav")["id"])
    url = f"/api/v1/recordings/{recording['id']}/audio"
    whole = client.get(url).raise_for_status().content
    part = client.get(url, headers={"Range": "bytes=100-199"})

    assert part.status_code == 206
    assert part.content == whole[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"


def test_a_deleted_recording_is_gone_at_once(stack, client):
    recording = stack.upload(client, "en_fleurs1_48k_opus.ogg")

    assert client.delete(f"/api/v1/recordings/{recording['id']}").status_code == 204
    assert client.get(f"/api/v1/recordings/{recording['id']}").status_code == 404


def test_the_command_line_does_the_same(stack):
    clip = str(AUDIO / "en_cards_16k.wav")
    answer = stack.manage("process", clip, "--json")
    [recording] = json.loads(answer.stdout)

    assert answer.returncode == 0, answer.stderr
    assert recording["transcript"]["text"] == CARDS
    assert recording["reports"][0]["type"] == "summary"
    assert stack.manage("process", "/etc/hostname").returncode == 1


def test_a_key_is_printed_alone_and_works_until_its_workspace_ends(stack):
    assert stack.manage("create_workspace", "second").returncode == 0
    answer = stack.manage("create_api_key", "--workspace", "second", "--name", "reader", "--scopes", "read")
    key = answer.stdout.strip()

    assert answer.returncode == 0
    assert key.startswith("vox_")
    assert len(answer.stdout.split()) == 1
    with stack.client(key) as reader:
        assert reader.get("/api/v1/recordings").json()["data"] == []
        assert reader.post("/api/v1/recordings", content=b"x").status_code == 403
    assert stack.manage("create_api_key", "--workspace", "nowhere", "--name", "x").returncode == 1


def test_no_log_holds_what_was_said_or_a_key(stack, client):
    recording = stack.finished(client, stack.upload(client, "en_cards_16k.wav", metadata='{"client": "Annabel"}')["id"])
    text = text_of(client, recording)
    canaries = [text, "spades", "Annabel", stack.key, "X-Amz-Signature=", *secrets_of(stack)]

    logs = {path.name: path.read_text(errors="replace") for path in (stack.home / "log").glob("*.log")}
    assert {"web.log", "worker-audio.log", "worker-text.log", "beat.log"} <= logs.keys()
    found = [
        (name, canary) for name, log in logs.items() for canary in canaries if canary in log and name != "sample.log"
    ]
    assert found == []


def secrets_of(stack) -> list[str]:
    names = ("admin_password", "flower_password", "postgres_password", "valkey_password", "s3_secret_access_key")
    return [(stack.home / name).read_text().strip() for name in names]


@pytest.mark.parametrize("path", ["", "tasks", "broker", "metrics", "api/workers", "api/tasks"])
def test_flower_is_closed_to_strangers(stack, path):
    flower = f"http://127.0.0.1:{stack.addresses()['FLOWER_PORT']}/{path}"
    password = (stack.home / "flower_password").read_text().strip()

    assert httpx.get(flower).status_code == 401
    assert httpx.get(flower, auth=("operator", password)).status_code == 200


def test_no_worker_reports_each_task(stack, client):
    flower = f"http://127.0.0.1:{stack.addresses()['FLOWER_PORT']}/metrics"
    password = (stack.home / "flower_password").read_text().strip()
    stack.finished(client, stack.upload(client, "en_cards_16k.wav")["id"])

    metrics = httpx.get(flower, auth=("operator", password)).text

    assert 'worker="audio@' in metrics
    assert 'type="task-' not in metrics


def test_killed_workers_and_servers_come_back_and_nothing_is_lost(stack, client):
    accepted = [stack.upload(client, "en_jfk_44k_stereo.flac", scenario="call", title=str(n))["id"] for n in range(3)]
    for name in ("celery -A project.celery worker", "valkey", "celery -A project.celery worker"):
        kill(stack, name)

    for recording_id in accepted:
        assert stack.finished(client, recording_id, seconds=150)["status"] == "completed"


def kill(stack, words: str) -> None:
    """End the stack's processes whose command line holds these words, without warning, as soon as there are any."""
    deadline = time.monotonic() + RESTART_SECONDS
    while not (victims := [one for one in family_of(stack) if words in command_of(one)]):
        assert time.monotonic() < deadline, f"{words} did not come back"
        time.sleep(0.2)
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)


def family_of(stack) -> list[psutil.Process]:
    return psutil.Process(stack.process.pid).children(recursive=True)


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
