import os
import subprocess
import sys
from pathlib import Path

import pytest

from project.stack import environment
from project.stack.environment import Environment
from project.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]


def test_the_environment_wins_over_the_file_and_empty_means_missing(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(
        "# REDIS_URL=redis://no\nREDIS_URL='redis://file/0'\nexport S3_BUCKET=sounds # ours\nDATABASE_URL=\n"
    )
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.delenv("S3_BUCKET", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://environment/0")

    read = Environment.read()

    assert read.get("REDIS_URL") == "redis://environment/0"
    assert read.get("S3_BUCKET") == "sounds"
    assert read.get("DATABASE_URL") == ""


def test_a_value_may_stand_in_a_file_of_its_own(tmp_path):
    (tmp_path / "url").write_text("postgres://somewhere/db\n")

    assert Environment({"DATABASE_URL_FILE": str(tmp_path / "url")}).get("DATABASE_URL") == "postgres://somewhere/db"
    with pytest.raises(StackError, match="DATABASE_URL_FILE"):
        Environment({"DATABASE_URL_FILE": str(tmp_path / "nothing")}).get("DATABASE_URL")


@pytest.mark.parametrize("text", ["http", "-1", "70000"])
def test_a_wrong_port_is_named(text):
    with pytest.raises(StackError, match="FLOWER_PORT"):
        Environment({"FLOWER_PORT": text}).port("FLOWER_PORT", 5555)


def test_a_command_without_a_stack_says_what_to_do(tmp_path):
    environment = {"PATH": os.environ["PATH"], "VOX_HOME": str(tmp_path), "SECRET_KEY": "x" * 50}

    done = subprocess.run(
        [sys.executable, "manage.py", "create_workspace", "acme"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "make run" in done.stderr
    assert "Traceback" not in done.stderr
