"""`/docs/errors`, the address in the `type` of every problem: docs/errors.md as a page with an anchor for each code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

ERRORS = Path(__file__).resolve().parents[2] / "docs" / "errors.md"

_CODE = re.compile(r"`([^`]+)`")
_FENCE = "```"


@require_safe
@cache_control(max_age=3600)
def errors_page(request: HttpRequest) -> HttpResponse:
    """Show what each code means."""
    return render(request, "api/errors.html", {"text": _errors()})


@cache
def _errors() -> SafeString:
    return rendered(ERRORS.read_text(encoding="utf-8"))


def rendered(markdown: str) -> SafeString:
    """Return our own Markdown as HTML: headings, paragraphs, code and tables, all that docs/errors.md has."""
    return format_html_join("\n", "{}", ((block,) for block in _blocks(iter(markdown.splitlines()))))


def _blocks(lines: Iterator[str]) -> Iterator[SafeString]:
    for line in lines:
        if line.startswith("#"):
            marks, _, text = line.partition(" ")
            yield format_html("<h{0}>{1}</h{0}>", len(marks), _inline(text))
        elif line.startswith(_FENCE):
            yield format_html("<pre><code>{}</code></pre>", "\n".join(_until(lines, _FENCE)))
        elif line.startswith("|"):
            yield _table([line, *_until(lines, "")])
        elif line:
            yield format_html("<p>{}</p>", _inline(" ".join([line, *_until(lines, "")])))


def _until(lines: Iterator[str], end: str) -> list[str]:
    return list(iter(lambda: next(lines, end), end))


def _table(lines: list[str]) -> SafeString:
    names, _rule, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in names))
    body = format_html_join("\n", "{}", ((_row(names, cells),) for cells in rows))
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)


def _row(names: list[str], cells: list[str]) -> SafeString:
    """Return a row that can be linked to by its code."""
    code, *others = cells
    told = format_html_join(
        "",
        '<td data-name="{}">{}</td>',
        ((name, _inline(cell)) for name, cell in zip(names[1:], others, strict=True)),
    )
    anchor = code.strip("`")
    return format_html('<tr id="{0}"><th scope="row"><a href="#{0}"><code>{0}</code></a></th>{1}</tr>', anchor, told)


def _inline(text: str) -> SafeString:
    """Escape the text; what stands between backticks becomes code."""
    pieces = enumerate(_CODE.split(text))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", piece) if number % 2 else piece,) for number, piece in pieces)
    )
