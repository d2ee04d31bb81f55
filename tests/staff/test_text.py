"""Text for people: Markdown that cannot run anything, numbers, names of codes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.errors import PermanentError
from apps.pipeline import errors as pipeline_errors
from apps.recordings import errors as recording_errors
from apps.staff import formats
from apps.staff.markdown import rendered
from apps.staff.numbers import NumberGroup, number_groups
from apps.staff.words import EXPLANATIONS, explanation, language_name, warning_words


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("one\ntwo", "<p>one two</p>"),
        ("# Top", "<h3>Top</h3>"),
        ("###### Deep", "<h6>Deep</h6>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2) b", "<ul><li>a</li><li>b</li></ul>"),
        ("text\n- a", "<p>text</p>\n<ul><li>a</li></ul>"),
        ("> said\n> so", "<blockquote>said so</blockquote>"),
        ("**bold** and *soft* and `code`", "<p><strong>bold</strong> and <em>soft</em> and <code>code</code></p>"),
        (r"\*not bold\* \# \&lt;", "<p>*not bold* # &lt;</p>"),
        ("2 * 3 * 4 snake_case_name", "<p>2 * 3 * 4 snake_case_name</p>"),
        ("&lt;b&gt; &amp;", "<p>&lt;b&gt; &amp;</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("![x](http://evil)", "<p>![x](http://evil)</p>"),
        ("**<i>**", "<p><strong>&lt;i&gt;</strong></p>"),
        ("", ""),
        ("#", "<p>#</p>"),
        ("**", "<p>**</p>"),
    ],
)
def test_markdown_becomes_harmless_html(markdown, html):
    assert rendered(markdown) == html


def test_a_hostile_text_is_read_in_reasonable_time():
    rendered("*" * 20_000 + "**a " * 5_000 + "`" * 20_000)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "\N{EN DASH}"),
        (0, "0:00"),
        (999, "0:00"),
        (61_000, "1:01"),
        (3_600_000, "1:00:00"),
        (36_061_000, "10:01:01"),
    ],
)
def test_times_are_shown_as_a_clock(ms, text):
    assert formats.duration(ms) == text


def test_spans_and_sizes_have_units():
    assert [formats.span(ms) for ms in (5_000, 125_000, 12_000_000)] == ["5 s", "2 min", "3 h 20 min"]
    assert [formats.size(count) for count in (12, 2048, 5 * 1024**2, 3 * 1024**3)] == [
        "12 B",
        "2.0 kB",
        "5.0 MB",
        "3.0 GB",
    ]


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=3), "3 d ago"),
    ],
)
def test_moments_are_told_roughly(passed, text):
    assert formats.ago(timezone.now() - passed) == text


def test_a_hundred_percent_is_all_of_it():
    assert [formats.percent(*pair) for pair in ((999, 1000), (1000, 1000), (0, 0), (5, 0))] == [99, 100, 0, 0]


def test_numbers_of_a_report_are_grouped_and_named():
    totals = {
        "questions": 3,
        "pause_ms": 2500,
        "speakers": [{"speaker": "A", "share": 0.5}],
        "words": ["x"],
        "none": [],
    }

    assert number_groups(totals) == [
        NumberGroup("", (), (("Questions", "3"), ("Pause", "2.5 s"))),
        NumberGroup("Speakers", ("Speaker", "Share"), (("A", "50%"),)),
        NumberGroup("Words", (), (("x",),)),
    ]


def test_every_code_that_can_end_a_recording_says_what_to_do():
    ends = [
        error.code
        for module in (recording_errors, pipeline_errors)
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, PermanentError) and error is not PermanentError
    ]

    assert len(ends) >= 6
    assert set(ends) <= set(EXPLANATIONS)
    assert all(one.what and one.advice for one in EXPLANATIONS.values())
    assert explanation("never_seen").advice


def test_languages_and_warnings_have_names():
    assert [language_name(code) for code in ("ru", "ru-RU", "cy", "")] == ["Russian", "Russian (RU)", "cy", ""]
    assert warning_words("poor_audio")[0] == "Poor audio"
    assert warning_words("brand_new") == ("Brand new", "")
