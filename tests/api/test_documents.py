"""The page that the `type` of a problem leads to."""

import html
import re

import pytest

from apps.api.documents import ERRORS, rendered


def test_the_type_of_a_problem_leads_to_its_explanation(client, api):
    problem = api.get("nothing").json()
    address, _, anchor = problem["type"].partition("#")

    page = client.get(address)

    assert page.status_code == 200
    assert page["Content-Type"].startswith("text/html")
    assert f'<tr id="{anchor}">' in page.text
    assert "There is nothing at this address." in page.text


def test_every_code_has_one_anchor_and_the_page_says_what_the_paper_says(client, db):
    page = client.get("/docs/errors").text
    codes = re.findall(r"^\| `([a-z_]+)` \|", ERRORS.read_text(), re.MULTILINE)

    assert len(codes) > 60
    assert re.findall(r' id="([^"]+)"', page) == codes
    shown = words(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main>")[2].partition("</main>")[0])))
    assert shown == words(re.sub(r"\| ---.*|```(json)?|^#+ |\|", " ", ERRORS.read_text(), flags=re.MULTILINE))


def words(text):
    return text.replace("`", " ").split()


def test_the_page_needs_no_script_and_no_style_of_its_own(client, db):
    answer = client.get("/docs/errors")

    assert "Content-Security-Policy" in answer
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "<style" not in answer.text


def test_a_page_is_only_read(client, db):
    assert client.post("/docs/errors").status_code == 405


@pytest.mark.parametrize("text", ["<b>", "# <b>", "`<b>`", "```\n<b>\n```", "| a | b |\n| - | - |\n| `<b>` | <b> |"])
def test_text_stays_text(text):
    assert "<b>" not in rendered(text)
