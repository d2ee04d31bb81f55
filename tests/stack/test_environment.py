import pytest

from project.stack import environment
from project.stack.environment import Environment
from project.stack.errors import StackError


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
