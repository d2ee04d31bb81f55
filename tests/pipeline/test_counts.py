"""What a recording costs, counted instead of timed: messages to the database, transactions, hints, bytes, calls."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import av
import pytest
from django.conf import settings
from django.db import connection
from redis import Redis

from apps.core import storage
from apps.pipeline.models import Kind, Stage
from apps.pipeline.services import perform
from apps.providers.models import ProviderCall
from apps.recordings.models import PreparedAudio, Recording
from tests.fakes import engines
from tests.pipeline.conftest import AUDIO

pytestmark = pytest.mark.django_db(transaction=True)

CLIP = "en_cards_16k.wav"
ALL_QUEUES = frozenset(["media", "stt", "llm", "deliver", "default"])


@pytest.fixture(autouse=True)
def instant_engines(settings) -> Iterator[None]:
    settings.SPEECH_ENGINES = ["tests.fakes.engines.build_speech"]
    settings.LANGUAGE_ENGINES = ["tests.fakes.engines.build_language"]
    engines.SPEECH.reset()
    engines.LANGUAGE.reset()
    yield
    engines.SPEECH.reset()
    engines.LANGUAGE.reset()


def stage_of(recording: Recording, kind: Kind) -> Stage:
    return Stage.objects.get(run__recording=recording, kind=kind, status=Stage.Status.READY)


def perform_before(recording: Recording, kind: Kind) -> None:
    """Perform one stage after the other until the one of this kind is next."""
    while not Stage.objects.filter(run__recording=recording, kind=kind).exists():
        for stage in list(Stage.objects.filter(run__recording=recording).due()):
            perform.stage_perform(stage_id=stage.pk)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Note every message to the database but BEGIN and COMMIT."""
    sent: list[str] = []

    def note(execute, sql, params, many, context):
        sent.append(" ".join(sql.split())[:120])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield sent


EXPECTED = {
    # Claim, earlier preparation, settle, prepared audio, open the chunks and show.
    Kind.PREPARE: 5,
    # Claim, reserve the call, keep its answer, settle, count the chunks, open what follows and show.
    Kind.TRANSCRIBE: 6,
    # Claim, prepared audio, chunks, settle, lock and number of the version, transcript, utterances, open and show.
    Kind.ASSEMBLE: 9,
    # Claim, transcript, utterances, reserve, keep, settle, earlier report, report, outline, close the run, show.
    Kind.ANALYZE: 11,
}


@pytest.mark.parametrize("kind", list(Kind))
def test_messages_to_the_database_per_stage(submit, kind):
    recording = submit(CLIP, language_code="en")
    perform_before(recording, kind)
    stage = stage_of(recording, kind)

    with counted() as sent:
        perform.stage_perform(stage_id=stage.pk)

    assert len(sent) == EXPECTED[kind], "\n".join(sent)


def test_going_on_saves_claims_and_what_is_known_already(submit):
    recording = submit(CLIP, language_code="en")
    stage = stage_of(recording, Kind.PREPARE)

    with counted() as sent:
        perform.stage_perform(stage_id=stage.pk, queues=lambda: ALL_QUEUES)

    recording.refresh_from_db()
    assert recording.status == Recording.Status.COMPLETED
    # Three claims less; the transcript that was just made, and its utterances, are not read again.
    assert len(sent) == sum(EXPECTED.values()) - 3 - 2, "\n".join(sent)


def test_messages_do_not_grow_with_the_number_of_chunks(submit, settings):
    settings.CHUNK_TARGET_SECONDS, settings.CHUNK_MAX_SECONDS = 1, 2
    recording = submit("en_jfk_44k_stereo.flac", language_code="en")
    prepare = stage_of(recording, Kind.PREPARE)

    with counted() as preparing:
        perform.stage_perform(stage_id=prepare.pk)
    perform_before(recording, Kind.ASSEMBLE)
    assemble = stage_of(recording, Kind.ASSEMBLE)
    with counted() as assembling:
        perform.stage_perform(stage_id=assemble.pk)

    assert Stage.objects.filter(kind=Kind.TRANSCRIBE).count() > 3
    assert len(preparing) == EXPECTED[Kind.PREPARE], "\n".join(preparing)
    assert len(assembling) == EXPECTED[Kind.ASSEMBLE], "\n".join(assembling)


@pytest.fixture
def commits() -> Iterator[list[tuple[str, bool]]]:
    """Note of every transaction that changes our tables whether its commit waits for the disk.

    A deferred trigger is the last thing that a transaction does.
    """
    database = connection.settings_dict["NAME"]
    tables = ("pipeline_stage", "pipeline_run", "recordings_recording", "providers_providercall")
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TABLE noted (number bigserial, transaction xid8 UNIQUE, waits boolean);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO noted (transaction, waits)
                VALUES (pg_current_xact_id(), current_setting('synchronous_commit') <> 'off') ON CONFLICT DO NOTHING;
                RETURN NULL;
            END $$
        """)
        for table in tables:
            cursor.execute(
                f"CREATE CONSTRAINT TRIGGER noting AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()"
            )
        cursor.execute(f'ALTER DATABASE "{database}" SET synchronous_commit TO on')  # the tests' server does not wait
    connection.close()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION note CASCADE; DROP TABLE noted")
        cursor.execute(f'ALTER DATABASE "{database}" RESET synchronous_commit')
    connection.close()


def waited() -> list[bool]:
    """Return for each noted transaction whether its commit waited for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT waits FROM noted ORDER BY number")
        found = [waits for (waits,) in cursor.fetchall()]
        cursor.execute("TRUNCATE noted")
    return found


def test_only_what_cannot_be_made_again_waits_for_the_disk(submit, commits):
    recording = submit(CLIP, language_code="en")
    assert waited() == [True], "an accepted recording is durable"

    def of_stage(kind: Kind) -> list[bool]:
        perform.stage_perform(stage_id=stage_of(recording, kind).pk)
        return waited()

    assert of_stage(Kind.PREPARE) == [False, False], "claim, settle"
    assert of_stage(Kind.TRANSCRIBE) == [False, True, True, False], "claim, reserved call, paid answer, settle"
    assert of_stage(Kind.ASSEMBLE) == [False, False], "claim, settle"
    assert of_stage(Kind.ANALYZE) == [False, True, True, True], "claim, reserved call, paid answer, the end of the run"


def test_calls_of_engines_that_never_charge_do_not_wait_for_the_disk(submit, commits, settings):
    settings.LANGUAGE_ENGINES = ["apps.providers.adapters.local.build"]
    recording = submit(CLIP, language_code="en")
    perform_before(recording, Kind.ANALYZE)
    waited()

    perform.stage_perform(stage_id=stage_of(recording, Kind.ANALYZE).pk)

    assert waited() == [False, False, False, True], "claim, reserved call, answer, the end of the run"


@contextmanager
def broker_commands() -> Iterator[Counter[str]]:
    """Count the commands that the broker gets for this process's database."""
    number = int(urlsplit(settings.REDIS_URL).path.strip("/"))
    found: Counter[str] = Counter()
    with Redis.from_url(settings.REDIS_URL) as listener, Redis.from_url(settings.REDIS_URL) as redis:
        redis.ping()  # connects before we listen
        with listener.monitor() as monitor:
            yield found
            redis.echo("the end")
            for one in monitor.listen():
                if one["db"] == number:
                    name, _, argument = one["command"].partition(" ")
                    if (name, argument) == ("ECHO", "the end"):
                        break
                    found[name] += 1


def test_a_hint_is_one_command_for_the_broker(submit, work):
    submit(CLIP, language_code="en")
    work()  # the first hints open the connection and declare the queues
    recording = submit(CLIP, language_code="en")
    perform_before(recording, Kind.TRANSCRIBE)
    stage = stage_of(recording, Kind.TRANSCRIBE)

    with broker_commands() as commands:
        perform.stage_perform(stage_id=stage.pk)

    assert commands == {"LPUSH": 1}


def test_a_recording_that_one_worker_can_do_is_one_message(submit):
    submit(CLIP, language_code="en")  # the first hint opens the connection
    with broker_commands() as commands:
        recording = submit(CLIP, language_code="en")
        perform.stage_perform(stage_id=stage_of(recording, Kind.PREPARE).pk, queues=lambda: ALL_QUEUES)

    recording.refresh_from_db()
    assert recording.status == Recording.Status.COMPLETED
    assert commands == {"LPUSH": 1}


@contextmanager
def bytes_read() -> Iterator[list[int]]:
    """Note the size of every answer to GetObject."""
    events, sizes = storage.client().meta.events, []

    def note(parsed, **_event):
        sizes.append(parsed["ContentLength"])

    events.register("after-call.s3.GetObject", note)
    try:
        yield sizes
    finally:
        events.unregister("after-call.s3.GetObject", note)


def test_a_recording_is_read_once_and_decoded_in_one_pass(submit, work):
    recording = submit(CLIP, language_code="en")

    with bytes_read() as sizes:
        work()

    prepared = PreparedAudio.objects.get(recording=recording)
    chunk_bytes = storage.size(prepared.channels[0]["key"])
    assert sizes == [recording.size_bytes, chunk_bytes], "the original once, then the one chunk"
    assert chunk_bytes < recording.size_bytes
    # Every packet of the file went through the decoder, once.
    assert prepared.measures["packets"] == packets_in(CLIP)


def packets_in(name: str) -> int:
    with av.open(str(AUDIO / name)) as source:
        return sum(1 for _packet in source.demux(audio=0))


def test_of_a_long_recording_each_part_is_read_once(submit, work, settings):
    settings.CHUNK_TARGET_SECONDS, settings.CHUNK_MAX_SECONDS = 2, 3
    recording = submit("en_jfk_44k_stereo.flac", language_code="en")

    with bytes_read() as sizes:
        work()

    chunks = Stage.objects.filter(kind=Kind.TRANSCRIBE).count()
    prepared = PreparedAudio.objects.get(recording=recording)
    assert chunks > 2
    assert len(sizes) == 1 + chunks, "the original and each chunk, once"
    assert sizes[0] == recording.size_bytes
    # The chunks are the prepared sound, cut; each has a header of 8 kB of its own.
    assert sum(sizes[1:]) < sum(storage.size(one["key"]) for one in prepared.channels) + 10_000 * chunks


def test_each_chunk_and_each_report_is_asked_for_once(submit, work, settings):
    settings.CHUNK_TARGET_SECONDS, settings.CHUNK_MAX_SECONDS = 2, 3
    submit("en_jfk_44k_stereo.flac", language_code="en", scenario="interview")
    work()

    chunks = Stage.objects.filter(kind=Kind.TRANSCRIBE).count()
    reports = Stage.objects.filter(kind=Kind.ANALYZE).count()
    assert len(engines.SPEECH.asked) == chunks
    assert len(engines.LANGUAGE.asked) == reports
    assert ProviderCall.objects.count() == chunks + reports
