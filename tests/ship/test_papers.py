"""README, docs, workflow and hooks name things that exist, and CI runs what people are told to run."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def targets() -> dict[str, list[str]]:
    """Return the targets of the Makefile with what each needs."""
    return {name: needs.split() for name, needs in re.findall(r"^([a-z]+):(?!=)(.*)$", MAKEFILE, re.MULTILINE)}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(paper):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", paper.read_text())

    assert [link for link in links if not (paper.parent / link).exists()] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_told_exist(paper):
    text = paper.read_text()
    made = set(re.findall(r"`make ([a-z]+)", text)) | set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE))
    managed = set(re.findall(r"manage\.py ([a-z_]+)", text))

    assert made - targets().keys() == set()
    assert managed - get_commands().keys() == set()


def test_the_check_of_ci_runs_the_test_command_of_the_readme():
    readme = (ROOT / "README.md").read_text()

    assert re.search(r"^make test\b", readme, re.MULTILINE)
    assert "test" in targets()["check"]
    assert re.search(r"^timeout .*\bmake check\b", (ROOT / ".ci/run").read_text(), re.MULTILINE)


def test_the_workflow_runs_what_people_run():
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())
    job = workflow["jobs"]["check"]

    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    assert workflow["permissions"] == {"contents": "read"}
    assert all(one["timeout-minutes"] <= 90 for one in workflow["jobs"].values())


def test_the_script_of_ci_can_be_started():
    script = ROOT / ".ci/run"

    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_hooks_fetch_nothing():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())

    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} <= {"system", "pygrep"}


def test_every_setting_that_operations_explains_has_that_value():
    text = (ROOT / "docs/operations.md").read_text()
    example = dict(re.findall(r"^# ([A-Z0-9_]+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    told = re.findall(r"\b([A-Z][A-Z_]+_SECONDS) (\d+)", text)

    assert len(told) > 5
    assert [(name, value) for name, value in told if example[name] != value] == []


def test_decisions_are_numbered_without_repeats():
    numbers = [path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md")]

    assert sorted(numbers) == sorted(set(numbers))
    assert all(re.fullmatch(r"\d{4}", number) for number in numbers)
