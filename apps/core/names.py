"""File names as text that is safe to show: what could hide or reorder characters becomes visible."""

import unicodedata

NAME_LENGTH_MAX = 255

_ELLIPSIS = "…"
_HIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, halves of characters, line and paragraph separators."""
_REORDERING = {0x061C, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""Marks of direction: with them `exe.3pm` can look like `mp3.exe`."""


def display_name(raw: str) -> str:
    """Return a client's file name as display text of 255 characters at most; the middle is cut, not the ending.

    Path parts stay: they are text here, and nobody uses them as a path or a key.
    """
    shown = visible_text(raw)
    if len(shown) <= NAME_LENGTH_MAX:
        return shown
    half = (NAME_LENGTH_MAX - len(_ELLIPSIS)) // 2
    return shown[:half] + _ELLIPSIS + shown[-half:]


def visible_text(raw: str) -> str:
    r"""Return the text with everything that hides or reorders characters written out, as in `\u202e`."""
    return "".join(_escaped(character) for character in raw)


def _escaped(character: str) -> str:
    if unicodedata.category(character) in _HIDDEN_CATEGORIES or ord(character) in _REORDERING:
        return f"\\u{ord(character):04x}"
    return character
