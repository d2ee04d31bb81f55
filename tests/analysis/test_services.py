import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.analysis.models import Report
from apps.analysis.scenarios import scenario_get
from apps.analysis.selectors import reports_of
from apps.analysis.services import report_fail, report_save, reports_outdate
from apps.providers.types import Claim, Draft, Quote
from apps.transcripts.types import UtteranceDraft
from tests.making import make_transcript

CALL = scenario_get("call")
LOCAL = {"provider": "local", "model": "local-analyst", "prompt_version": "", "cost": "0"}
TALK = (
    UtteranceDraft("A", 0, 4_000, "How was the room?", channel=0),
    UtteranceDraft("B", 5_000, 15_000, "The room was not clean. The view is lovely.", channel=0),
)
HONEST = Claim("Room", "The room was dirty.", "complaint", (Quote("room was not clean", "B", 1),))
INVENTED = Claim("Price", "Too expensive.", "complaint", (Quote("it costs too much", "B", 1),))


def draft(*claims, **changes):
    return Draft(**({"title": "Summary", "text": "Body.", "claims": claims} | changes))


@pytest.fixture
def transcript(recording):
    return make_transcript(recording, *TALK)


@pytest.fixture
def save(recording, transcript):
    def save(written, over=transcript, report_type="summary"):
        return report_save(
            recording=recording,
            transcript=over,
            report_type=report_type,
            scenario=CALL,
            draft=written,
            provenance=[LOCAL],
        )

    return save


@pytest.fixture
def fail(recording, transcript):
    def fail(report_type="summary", code="no_engine_for_report"):
        return report_fail(
            recording=recording,
            transcript=transcript,
            report_type=report_type,
            scenario=CALL,
            code=code,
            detail="Nobody can write it.",
        )

    return fail


def test_a_report_is_kept_with_where_it_came_from(save, transcript):
    report = Report.objects.get(pk=save(draft(totals={"words": 12})).pk)

    assert (report.status, report.type, report.title, report.body_md) == ("ready", "summary", "Summary", "Body.")
    assert (report.scenario_key, report.scenario_version, report.language_code) == ("call", 1, "en")
    assert (report.speech_ms, report.analysed_ms) == (transcript.speech_ms, transcript.covered_ms) == (30_000, 16_000)
    assert (report.totals, report.provenance, report.scores) == ({"words": 12}, [LOCAL], [])


def test_quotes_are_checked_before_they_are_kept(save, transcript):
    report = save(draft(HONEST, INVENTED))

    honest, invented = report.findings
    assert (honest["state"], invented["state"]) == ("verified", "unsupported")
    (evidence,) = honest["evidence"]
    assert transcript.text[evidence["char_start"] : evidence["char_end"]] == "room was not clean"
    assert evidence["utterance_ids"] == [str(transcript.utterances.get(index=1).pk)]
    assert invented["evidence"][0]["reason"] == "not_found"
    assert report.counts == {"verified": 1, "approximate": 0, "unsupported": 1}


def test_a_finding_is_as_good_as_its_best_evidence(save):
    quotes = (Quote("it costs too much"), Quote("The view is lovely", "B"))

    (finding,) = save(draft(Claim("View", "Good.", "praise", quotes))).findings

    assert finding["state"] == "verified"
    assert [one["state"] for one in finding["evidence"]] == ["unsupported", "verified"]


def test_a_claim_without_a_quote_is_unsupported(save):
    report = save(draft(Claim("Mood", "Happy.", "mood")))

    assert (report.findings[0]["state"], report.findings[0]["evidence"]) == ("unsupported", [])
    assert report.counts == {"verified": 0, "approximate": 0, "unsupported": 0}


def test_saving_a_report_again_replaces_it(save):
    first = save(draft(INVENTED))
    second = save(draft(HONEST))

    assert first.pk == second.pk
    assert [one["title"] for one in Report.objects.get().findings] == ["Room"]


def test_what_a_model_writes_cannot_break_the_database_or_the_page(save):
    claim = Claim("T\x00", "a\ud800\n\tb", "c", (Quote("room\x00 was", "B\x00", -5),))
    written = draft(
        claim,
        title="x" * 500,
        text="<script>alert(1)</script> [here](javascript:alert(1))",
        totals={"odd\x00": [float("nan"), "\ud800", {"n": float("inf")}], "n": 1.5},
    )

    report = Report.objects.get(pk=save(written).pk)

    assert report.title == "x" * 200
    assert report.body_md == r"&lt;script>alert(1)&lt;/script> \[here\](javascript:alert(1))"
    assert report.totals == {"odd": [None, "", {"n": None}], "n": 1.5}
    assert (report.findings[0]["title"], report.findings[0]["text"]) == ("T", "a\n    b")
    assert report.findings[0]["evidence"][0]["quote"] == "room was"


def test_a_report_without_a_title_has_that_of_its_type(save):
    assert save(draft(title=" "), report_type="conversation").title == "Conversation"


def test_a_failed_report_is_shown_with_its_reason(fail, recording):
    fail("conversation")

    (report,) = reports_of(recording=recording)
    assert (report.status, report.title, report.analysed_ms) == ("failed", "Conversation", 0)
    assert (report.error_code, report.error_detail) == ("no_engine_for_report", "Nobody can write it.")


def test_a_failure_does_not_destroy_what_was_written_before(save, fail):
    written = save(draft(HONEST))

    fail()

    report = Report.objects.get()
    assert (report.pk, report.status, len(report.findings), report.error_code) == (written.pk, "ready", 1, "")


def test_failing_again_keeps_the_last_reason_and_success_clears_it(save, fail):
    fail(code="first")
    fail(code="second")
    assert Report.objects.get().error_code == "second"

    save(draft(HONEST))

    report = Report.objects.get()
    assert (report.status, report.error_code, report.error_detail) == ("ready", "", "")


def test_reports_over_older_versions_become_stale(save, recording, transcript):
    save(draft())
    newer = make_transcript(recording, *TALK)
    save(draft(), newer, "conversation")

    assert reports_outdate(recording=recording, transcript=newer, types=["summary", "conversation"]) == 1
    assert reports_outdate(recording=recording, transcript=newer, types=["summary", "conversation"]) == 0

    assert [(one.type, one.status) for one in reports_of(recording=recording)] == [
        ("conversation", "ready"),
        ("summary", "stale"),
    ]


def test_readers_get_the_newest_report_of_each_type_in_one_query(save, recording, transcript):
    save(draft(), report_type="conversation")
    save(draft())
    newer = make_transcript(recording, *TALK)
    newest = save(draft(HONEST), newer)

    with CaptureQueriesContext(connection) as captured:
        found = reports_of(recording=recording)
        counts = [report.counts["verified"] for report in found]

    assert [(one.type, one.transcript_id) for one in found] == [
        ("conversation", transcript.pk),
        ("summary", newer.pk),
    ]
    assert (found[1], counts, len(captured)) == (newest, [0, 1], 1)


def test_a_report_takes_as_many_queries_for_many_claims_as_for_one(save):
    save(draft(HONEST))

    def queries(count):
        with CaptureQueriesContext(connection) as captured:
            save(draft(*[HONEST] * count))
        return len(captured)

    assert queries(300) == queries(1)
