from apps.transcripts.text import block_clean, line_clean


def test_a_line_has_single_spaces_and_nothing_that_a_database_refuses():
    assert line_clean("\ufeff a\u3000 b\tc\u2028d\x00\x1b\udfff \n") == "a b c d"


def test_a_block_keeps_its_lines():
    assert block_clean("\r\n# One\r\n\ttwo \x00\rthree\n\n") == "# One\n    two\nthree"


def test_letters_of_any_script_stay_as_they_are():
    for text in ("Ёлка — 15 %", "naïve Größe", "今日は。", "👩‍👩‍👧 हिन्दी ไทย"):
        assert line_clean(text) == block_clean(text) == text
