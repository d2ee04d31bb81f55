# ruff: noqa: RUF001 - Russian letters are meant
import pytest

from apps.analysis.markdown import clock, escaped, inert, report_markdown
from apps.analysis.models import Report
from apps.analysis.types import Evidence, Reason, State

LOCAL = {"provider": "local", "model": "local-analyst", "prompt_version": "", "cost": "0"}
VIEW = Evidence("The view is lovely", State.VERIFIED, None, 1.0, ("u1",), "B", 65_000, 67_000, 10, 28)
PRICE = Evidence("it costs too much", State.UNSUPPORTED, Reason.NOT_FOUND)
BILL = Evidence("the bill please", State.UNSUPPORTED, Reason.OTHER_SPEAKER, 1.0, ("u2",), "A", 70_000, 71_000, 30, 45)


def finding(title, text, state, *evidence):
    shown = [one.as_json() for one in evidence]
    return {"id": "1", "title": title, "text": text, "category": "c", "state": state, "evidence": shown}


def report(**changes):
    values = {
        "title": "Summary",
        "language_code": "en-GB",
        "speech_ms": 200_000,
        "analysed_ms": 190_000,
        "body_md": "Guests like it.",
        "provenance": [LOCAL],
        "findings": [
            finding("View", "Guests like the view.", "verified", VIEW),
            finding("Price", "Too expensive.", "unsupported", PRICE, BILL),
        ],
        "totals": {
            "words": 120,
            "pauses": {"count": 2, "longest_ms": 1_500},
            "speakers": [
                {"speaker": "A", "talk_ms": 61_000, "share": 0.25, "pace_wpm": None},
                {"speaker": "B|C", "talk_ms": 900, "share": 0.75, "pace_wpm": 140},
            ],
        },
    }
    return Report(**(values | changes))


def test_a_report_reads_like_this():
    assert report_markdown(report()) == (
        "# Summary\n\n"
        "*Made by the local analyst (simple published algorithms, no language model).*\n\n"
        "Evidence: verified: 1, approximate: 0, unsupported: 2.\n\n"
        "Guests like it.\n\n"
        "## Findings\n\n"
        "- **View.** Guests like the view.\n"
        "  - “The view is lovely” — B [01:05]\n\n"
        "## Not supported by the transcript\n\n"
        "These claims are not findings: their quotes were not found where they were said to be.\n\n"
        "- **Price.** Too expensive.\n"
        "  - “it costs too much” — not found in the transcript\n"
        "  - “the bill please” — A [01:10] — said by another speaker than claimed\n\n"
        "## Numbers\n\n"
        "| Name | Value |\n| --- | --- |\n| Words | 120 |\n\n"
        "### Pauses\n\n"
        "| Name | Value |\n| --- | --- |\n| Count | 2 |\n| Longest | 1.5 s |\n\n"
        "### Speakers\n\n"
        "| Speaker | Talk time | Share of talk | Words per minute |\n| --- | --- | --- | --- |\n"
        "| A | 01:01 | 25% | - |\n| B\\|C | 0.9 s | 75% | 140 |\n\n"
        "## Coverage\n\n"
        "95 % of the detected speech was analysed (03:10 of 03:20).\n"
    )


def test_a_russian_report_speaks_russian():
    text = report_markdown(report(language_code="ru"))

    for words in ("## Наблюдения", "## Не подтверждено расшифровкой", "| Говорящий |", "## Охват", "локальный анализ"):
        assert words in text


def test_a_claim_that_only_repeats_its_quote_says_it_once():
    text = report_markdown(report(findings=[finding("Key statement", VIEW.quote, "verified", VIEW)]))

    assert text.count("The view is lovely") == 1


def test_a_claim_without_a_quote_says_that_nothing_was_found():
    text = report_markdown(report(findings=[finding("Mood", "Happy.", "unsupported")]))

    assert "- **Mood.** Happy.\n  - no evidence found\n" in text


def test_an_empty_report_is_still_one():
    empty = report(findings=[], totals={}, provenance=[], body_md="", speech_ms=0, analysed_ms=0)

    assert report_markdown(empty) == "# Summary\n\n## Coverage\n\nNo speech was detected in the recording.\n"


def test_a_failed_report_says_why():
    text = report_markdown(
        report(status="failed", error_code="no_engine", error_detail="<Nobody> can", findings=[], totals={})
    )

    assert "This report could not be written: &lt;Nobody&gt; can (no\\_engine)" in text


def test_a_stale_report_says_so():
    assert "The transcript has changed" in report_markdown(report(status="stale"))
    assert "The transcript has changed" not in report_markdown(report())


def test_an_engine_is_named_once():
    other = {"provider": "acme", "model": "best_1", "prompt_version": "2", "cost": "0.10"}

    assert "*Made by acme best\\_1.*" in report_markdown(report(provenance=[other, other]))


def test_what_was_said_makes_no_markup():
    evil = "# <b>x</b> [a](http://x) ![i](y) | `c` *d* &lt;"
    quote = Evidence(evil, State.VERIFIED, None, 1.0, ("u",), "<i>*A*</i>", 0, 1, 0, 1)

    text = report_markdown(report(findings=[finding(evil, evil + "\n\n## h", "verified", quote)], body_md=inert(evil)))

    assert "<b>" not in text
    assert "<i>" not in text
    assert "](" not in text.replace("\\](", "")
    assert "\n## h" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. first", "1\\. first"),
        ("- dash", "\\- dash"),
        ("# head", "\\# head"),
        ("2024 was", "2024 was"),
        ("a\n\nb", "a b"),
        ("Ёлка, 15 %!", "Ёлка, 15 %!"),
        ("R&D <x>", "R&amp;D &lt;x&gt;"),
        ("\\", "\\\\"),
    ],
)
def test_plain_text_is_shown_as_it_is(text, expected):
    assert escaped(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold**\n\n- list", "**bold**\n\n- list"),
        ("[a](b)", "\\[a\\](b)"),
        ("\\[a\\](b)", "\\[a\\](b)"),
        ("\\\\[a](b)", "\\\\\\[a\\](b)"),
        ("<https://x> \\<i>", "&lt;https://x> &lt;i>"),
        ("> quote", "> quote"),
    ],
)
def test_the_markdown_of_others_keeps_its_form_and_loses_its_links(text, expected):
    assert inert(text) == expected


def test_times_are_short_until_they_need_hours():
    assert [clock(time) for time in (0, 59_999, 60_000, 3_600_000)] == ["00:00", "00:59", "01:00", "1:00:00"]
