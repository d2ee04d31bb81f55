"""What the person who starts the stack said about it: environment variables, then `.env` in the repository."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from project.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Environment:
    """Names and values; a name may also be given as NAME_FILE, a path whose content is the value."""

    values: Mapping[str, str]

    @classmethod
    def read(cls) -> "Environment":
        return cls(_read_file(ROOT / ".env") | dict(os.environ))

    def get(self, name: str) -> str:
        """Return the value, or nothing where it is missing or empty."""
        if value := self.values.get(name, "").strip():
            return value
        if path := self.values.get(f"{name}_FILE", "").strip():
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise StackError(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error
        return ""

    def port(self, name: str, default: int) -> int:
        text = self.get(name) or str(default)
        if not text.isdecimal() or int(text) > MAX_PORT:
            raise StackError(f"{name} must be a port number, not {text!r}.")
        return int(text)

    def home(self) -> Path:
        return Path(os.environ.get("VOX_HOME") or ROOT / "var").resolve()


def _read_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    values = {}
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            values[name.strip()] = _unquote(value.strip())
    return values


def _unquote(value: str) -> str:
    for quote in ("'", '"'):
        if len(value) > 1 and value[0] == value[-1] == quote:
            return value[1:-1]
    return value.partition(" #")[0].rstrip()
