"""Where settings come from: the environment, the running stack's addresses, `.env`; the first that knows wins.

Every name may also be given as `NAME_FILE`, a path whose content is the value (for secrets).
"""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("VOX_HOME") or ROOT / "var").resolve()
"""State of the embedded stack: data, logs, secrets, and run/stack.env with its addresses."""


class SecretFiles(environ.FileAwareMapping):  # type: ignore[misc]  # django-environ ships no types
    """The environment; a value from a file loses the line feed that editors and `openssl rand` leave at its end."""

    def __getitem__(self, key: str) -> str:
        value: str = super().__getitem__(key)
        return value.rstrip("\r\n") if key + "_FILE" in os.environ else value


env = environ.Env()
env.ENVIRON = SecretFiles()


def read_files() -> None:
    """Add the addresses of a running embedded stack, then the user's `.env`, to the environment."""
    for path in (HOME / "run" / "stack.env", ROOT / ".env"):
        if path.is_file():
            environ.Env.read_env(path)


def required(name: str) -> str:
    """Return the value of `name`; without one the start stops and says which variable is missing."""
    try:
        value: str = env.str(name)
    except ImproperlyConfigured as error:
        message = f"{name} is not set. Start the embedded servers with `make run`, or name real ones in .env."
        raise ImproperlyConfigured(message) from error
    return value


def positive(name: str, default: int) -> int:
    """Return a whole number above zero."""
    try:
        value: int = env.int(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from error
    if value <= 0:
        raise ImproperlyConfigured(f"{name} must be above zero, not {value}.")
    return value


def secret_key() -> str:
    """Return SECRET_KEY, or the one that the embedded stack made for itself."""
    path = HOME / "secret_key"
    if "SECRET_KEY" not in os.environ and "SECRET_KEY_FILE" not in os.environ and path.is_file():
        return path.read_text().strip()
    return required("SECRET_KEY")
