"""`.env.example` and the code name the same variables, with the same defaults."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from project.environment import required

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = frozenset(
    [
        "CI",
        "DJANGO_SETTINGS_MODULE",  # manage.py and the entrances of gunicorn and Celery name it themselves
        "LANG",
        "LC_ALL",
        "NO_COLOR",
        "PATH",
        "PYTHONPATH",
        "PYTEST_ADDOPTS",
        "PYTEST_XDIST_WORKER",
        "REMAP_SIGTERM",  # Celery's own, set in docker-compose.yml
        "SYSTEMROOT",
        "TMPDIR",
        "VIRTUAL_ENV",
    ]
)

EXAMPLE_LINE = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
READERS = frozenset(["str", "bool", "int", "float", "list", "get", "getenv", "required", "positive", "pop"])


def example() -> dict[str, str]:
    return dict(EXAMPLE_LINE.findall((ROOT / ".env.example").read_text()))


def sources() -> list[Path]:
    found = [*(ROOT / "project").rglob("*.py"), *(ROOT / "apps").rglob("*.py")]
    assert len(found) > 50
    return found


def reads(path: Path) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield each variable that a module reads from the environment, with its default."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *rest], keywords=keywords):
                owner = ast.unparse(func)
                of_environment = owner.startswith(("env.", "os.environ.", "os.getenv")) or "." not in owner
                if of_environment and owner.rsplit(".", 1)[-1] in READERS and name.isupper():
                    named = [keyword.value for keyword in keywords if keyword.arg == "default"]
                    yield name, next(iter([*named, *rest]), None)
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name))) if ast.unparse(value) == "os.environ":
                yield name, None
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[where]) if (
                ast.unparse(where) == "os.environ"
            ):
                yield name.removesuffix("_FILE"), None


def all_reads() -> dict[str, ast.expr | None]:
    found: dict[str, ast.expr | None] = {}
    for path in sources():
        for name, default in reads(path):
            found[name] = found.get(name) or default
    assert {"SECRET_KEY", "DATABASE_URL", "UPLOAD_MAX_BYTES", "VOX_HOME"} <= found.keys()
    return found


def compose_names() -> set[str]:
    return set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))


def test_every_variable_that_the_code_reads_is_in_the_example():
    assert all_reads().keys() - NOT_OURS - example().keys() == set()


def test_every_variable_of_the_compose_file_is_in_the_example():
    assert compose_names() - example().keys() == set()


def test_the_example_names_nothing_that_nobody_reads():
    provider_names = set(re.findall(r'"([A-Z0-9_]+)"', "".join(path.read_text() for path in sources())))

    assert example().keys() - compose_names() - provider_names == set()


def test_the_defaults_in_the_example_are_those_of_the_code():
    written = example()
    different = {}
    for name, default in all_reads().items():
        expected = value_of(default)
        if expected is not None and name in written and written[name] != expected:
            different[name] = (written[name], expected)

    assert different == {}


def value_of(default: ast.expr | None) -> str | None:
    """Return a default as the example would write it; None where it depends on something else."""
    if default is None or any(isinstance(node, ast.Name | ast.Call) for node in ast.walk(default)):
        return None
    value = eval(compile(ast.Expression(default), "default", "eval"))  # noqa: S307 - arithmetic of our own settings
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ",".join(value)
        case _:
            return str(value)


def test_every_variable_in_the_example_is_explained_and_switched_off():
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []
    for number, line in enumerate(lines):
        if EXAMPLE_LINE.match(line):
            assert lines[number - 1].startswith("#"), f"nothing explains {line}"


@pytest.mark.parametrize("service", ["web", "worker-stt", "beat", "flower", "migrate"])
def test_compose_gives_every_process_the_settings_that_it_cannot_start_without(service):
    settings = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service]
    given = settings["environment"].keys() | ({"SECRET_KEY"} if settings["env_file"] == ".env" else set())

    assert {name for path in sources() for name in required_names(path)} <= given


def required_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id="required"), args=[ast.Constant(value=str(name))]):
                yield name


def test_a_missing_variable_stops_the_start_and_is_named():
    with pytest.raises(ImproperlyConfigured, match="NO_SUCH_VARIABLE is not set"):
        required("NO_SUCH_VARIABLE")


def test_a_secret_in_a_file_may_end_with_a_line_feed(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("correct horse\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))

    assert required("SOME_SECRET") == "correct horse"
