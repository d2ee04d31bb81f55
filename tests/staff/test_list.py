"""The list of recordings: found, filtered, followed, at a constant cost."""

import pytest
from django.urls import reverse

from apps.recordings.models import Recording
from apps.staff import changelist
from tests.factories import RecordingFactory

LIST = "admin:recordings_recording_changelist"


def titles(client, **query: object) -> set[str]:
    """The recordings that the list shows for a query."""
    shown = client.get(reverse(LIST), query).content.decode()
    return {one.title for one in Recording.objects.all() if f"{one.pk}/change/" in shown}


@pytest.fixture
def many(workspace):
    """Recordings that differ in everything that people look for."""
    RecordingFactory(workspace=workspace, title="Lobby", filename="walk.mp3", metadata={"employee": "Anna Petrova"})
    RecordingFactory(
        workspace=workspace, title="Spa", scenario="call", metadata={"client": "Lindgren", "tags": ["vip"]}
    )
    RecordingFactory(workspace=workspace, title="Kitchen", language_code="ru-RU", metadata={"city": "Казань"})
    RecordingFactory(workspace=workspace, title="Broken", status="error", error_code="corrupted_audio_file")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("lob", {"Lobby"}),
        ("WALK.mp3", {"Lobby"}),
        ("petrova", {"Lobby"}),
        ("lindgren", {"Spa"}),
        ("vip", {"Spa"}),
        ("казань", {"Kitchen"}),
        ("nobody", set()),
        ("%", set()),
        ("employee", set()),
    ],
)
def test_search_looks_into_titles_files_and_metadata(analyst, many, query, found):
    assert titles(analyst, q=query) == found


def test_search_finds_an_id_and_the_beginning_of_a_hash(analyst, many):
    spa = Recording.objects.get(title="Spa")
    Recording.objects.filter(pk=spa.pk).update(sha256="ab12cd34" + "0" * 56)

    assert titles(analyst, q=str(spa.pk)) == {"Spa"}
    assert titles(analyst, q="ab12cd34") == {"Spa"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "error"}, {"Broken"}),
        ({"status": ["error", "completed"]}, {"Broken", "Lobby", "Spa", "Kitchen"}),
        ({"scenario": "call"}, {"Spa"}),
        ({"language": "ru"}, {"Kitchen"}),
        ({"employee": "anna"}, {"Lobby"}),
        ({"city": "каз"}, {"Kitchen"}),
        ({"created_at_from": "2001-01-01"}, {"Broken", "Lobby", "Spa", "Kitchen"}),
        ({"created_at_to": "2001-01-01"}, set()),
    ],
)
def test_filters_narrow_the_list(analyst, many, query, found):
    assert titles(analyst, **query) == found


def test_the_workspace_filter_knows_only_what_the_person_may_see(analyst, many, workspace, other_workspace):
    RecordingFactory(workspace=other_workspace, title="Theirs")

    assert "Other" not in analyst.get(reverse(LIST)).content.decode()
    assert "Theirs" not in titles(analyst, workspace=other_workspace.pk)
    assert titles(analyst, workspace="nonsense") == titles(analyst)


def test_the_list_costs_the_same_for_one_row_and_for_fifty(analyst, workspace, django_assert_num_queries):
    first = RecordingFactory(workspace=workspace)
    queries = 9  # session, person, roles, two of Django's permissions, workspaces to filter by, badge, count, rows
    with django_assert_num_queries(queries):
        analyst.get(reverse(LIST))
    RecordingFactory.create_batch(50, workspace=workspace, duplicate_of=first, warnings=["poor_audio"])
    with django_assert_num_queries(queries):
        analyst.get(reverse(LIST))


def test_rows_are_counted_no_further_than_people_turn_pages(workspace, monkeypatch):
    monkeypatch.setattr(changelist, "COUNT_MAX", 3)
    RecordingFactory.create_batch(5, workspace=workspace)

    assert changelist.CappedPaginator(Recording.objects.order_by("pk"), 2).count == 3


def test_heavy_fields_stay_in_the_database(analyst, workspace, connection_queries):
    RecordingFactory(workspace=workspace)
    analyst.get(reverse(LIST))

    [rows] = [
        sql for sql in connection_queries() if sql.startswith("SELECT") and '."title"' in sql and '."sha256"' in sql
    ]
    assert '"gaps"' not in rows
    assert '"keyterms"' not in rows


def test_text_of_users_is_escaped(analyst, workspace):
    attack = "<script>alert(1)</script>"
    RecordingFactory(
        workspace=workspace, title=attack, filename=attack, metadata={"client": attack, "employee": attack}
    )
    shown = analyst.get(reverse(LIST)).content.decode()

    assert attack not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_a_running_recording_shows_how_far_it_is(analyst, workspace):
    recording = RecordingFactory(workspace=workspace, status="processing", stage="transcribe", progress=42)
    cells = analyst.get(reverse("admin:recordings_recording_live"), {"id": recording.pk}).json()["cells"]

    assert cells[str(recording.pk)]["status"] == "processing"
    for words in ("Processing", 'aria-valuenow="42"', "Transcribing"):
        assert words in cells[str(recording.pk)]["html"]
        assert words in analyst.get(reverse(LIST)).content.decode()


def test_the_live_answer_is_one_query_for_all_rows(analyst, workspace, django_assert_num_queries):
    made = RecordingFactory.create_batch(20, workspace=workspace, status="processing")
    with django_assert_num_queries(4):  # session, person, roles, rows
        analyst.get(reverse("admin:recordings_recording_live"), {"id": [one.pk for one in made]})


def test_several_are_retried_at_once_and_each_failure_is_said(analyst, workspace):
    made = RecordingFactory.create_batch(2, workspace=workspace, status="needs_attention")
    chosen = {"action": "retry_selected", "_selected_action": [str(one.pk) for one in made]}
    analyst.post(reverse(LIST), chosen)
    again = analyst.post(reverse(LIST), chosen, follow=True).content.decode()

    assert Recording.objects.filter(status__in=["queued", "processing"]).count() == 2
    assert again.count("being processed; cancel that first") == 2


def test_a_strangers_filter_value_is_no_error(analyst, many):
    for query in ({"created_at_from": "yesterday"}, {"status": "nonsense"}, {"p": "999"}, {"o": "9"}):
        assert analyst.get(reverse(LIST), query).status_code in {200, 302}
