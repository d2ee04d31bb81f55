import pytest

from apps.core.names import display_name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("meeting.mp3", "meeting.mp3"),
        ("Запись разговора.ogg", "Запись разговора.ogg"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("C:\\Users\\me\\call.wav", "C:\\Users\\me\\call.wav"),
        ("a\r\nSet-Cookie: x.mp3", "a\\u000d\\u000aSet-Cookie: x.mp3"),
        ("nul\x00.wav", "nul\\u0000.wav"),
        ("gnp\u202e3pm.exe", "gnp\\u202e3pm.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c\ufeff", "\\u2066a\\u2069\\u200e\\u200f\\u061c\\ufeff"),
        ("line\u2028break", "line\\u2028break"),
        ("half\ud83d", "half\\ud83d"),
        ("👩‍🚀.wav", "👩‍🚀.wav"),
        ("<svg onload=alert(1)>.mp3", "<svg onload=alert(1)>.mp3"),
        ("", ""),
    ],
)
def test_what_could_hide_or_reorder_text_is_shown_as_an_escape(raw, shown):
    assert display_name(raw) == shown


def test_a_long_name_loses_its_middle_and_keeps_its_ending():
    shown = display_name("start" + "x" * 300 + ".flac")

    assert len(shown) == 255
    assert shown.startswith("startx")
    assert shown.endswith("x.flac")
    assert "…" in shown


def test_a_name_of_marks_alone_stays_within_the_limit():
    assert len(display_name("\u202e" * 300)) == 255


def test_a_shown_name_can_be_encoded_and_shown_again_unchanged():
    shown = display_name("a\ud800\u202eb" * 100)

    shown.encode()
    assert display_name(shown) == shown
