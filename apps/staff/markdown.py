"""The Markdown that our reports use, as HTML: headings, paragraphs, lists, quotes, emphasis. Nothing else gets through.

All text is escaped; no link, image or HTML can come out of it, whatever a model or a speaker put in.
"""

import html
import re
from collections.abc import Iterator

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SHELTER = 0xE000
"""Escaped characters hide in the private use area while the marks around them are read."""
_SHELTERED = re.compile("[\ue021-\ue07e]")
# Bounded, so that a text full of lonely marks is read in linear time.
_STRONG = re.compile(r"\*\*(?=\S)(.{1,300}?)(?<=\S)\*\*")
_EMPHASIS = re.compile(r"(?<!\w)[*_](?=\S)(.{1,300}?)(?<=\S)[*_](?!\w)")
_CODE = re.compile(r"`([^`]{1,300})`")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
_QUOTE = re.compile(r">\s?(.*)")

HEADING_SHIFT = 2
"""A report lies inside a page that has its own first headings."""


def rendered(markdown: str) -> SafeString:
    """Return a report's Markdown as HTML."""
    return format_html_join("\n", "{}", ((block,) for block in _blocks(markdown.splitlines())))


def _blocks(lines: list[str]) -> Iterator[SafeString]:
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        for pattern, tag in ((_ITEM, "ul"), (_QUOTE, "blockquote")):
            run = _matching(lines, at, pattern)
            if run:
                yield _group(tag, run)
                break
        else:
            heading = _HEADING.fullmatch(lines[at])
            run = [lines[at]] if heading else _paragraph(lines, at)
            yield _heading(heading) if heading else format_html("<p>{}</p>", _inline(" ".join(run)))
        at += len(run)


def _heading(match: re.Match[str]) -> SafeString:
    level = min(6, len(match[1]) + HEADING_SHIFT)
    return format_html("<h{}>{}</h{}>", level, _inline(match[2]), level)


def _group(tag: str, texts: list[str]) -> SafeString:
    if tag == "ul":
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((_inline(text),) for text in texts)))
    return format_html("<blockquote>{}</blockquote>", _inline(" ".join(texts)))


def _matching(lines: list[str], at: int, pattern: re.Pattern[str]) -> list[str]:
    found = []
    for line in lines[at:]:
        match = pattern.fullmatch(line)
        if match is None:
            break
        found.append(match[1])
    return found


def _paragraph(lines: list[str], at: int) -> list[str]:
    found = [lines[at]]
    for line in lines[at + 1 :]:
        if not line.strip() or any(pattern.fullmatch(line) for pattern in (_HEADING, _ITEM, _QUOTE)):
            break
        found.append(line)
    return found


def _inline(text: str) -> SafeString:
    plain = _ESCAPED.sub(lambda match: chr(_SHELTER + ord(match[1])), html.unescape(text))
    marked = str(conditional_escape(plain))
    marked = _CODE.sub(r"<code>\1</code>", marked)
    marked = _STRONG.sub(r"<strong>\1</strong>", marked)
    marked = _EMPHASIS.sub(r"<em>\1</em>", marked)
    shown = _SHELTERED.sub(lambda match: html.escape(chr(ord(match[0]) - _SHELTER)), marked)
    return mark_safe(shown)  # noqa: S308 - escaped above; only our own tags were added since
