"""The directory that holds all state of one stack: data, logs, secrets and the addresses of its servers."""

import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from project.stack.errors import StackError

LOG_BYTES = 10 * 1024 * 1024
"""A log larger than this is moved aside when its process is started."""

PRIVATE = 0o700
PASSABLE = 0o711
"""Others may pass through, not look in: as root, PostgreSQL runs under another account."""

TEMPORARY_PREFIX = "voxpersona-"
ABANDONED_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below `VOX_HOME`. Nobody but the owner can read what is in them."""

    path: Path

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "log"

    @property
    def objects(self) -> Path:
        """The buckets of the embedded S3 server."""
        return self.path / "objects"

    @property
    def addresses(self) -> Path:
        """Where a second terminal finds the running servers."""
        return self.run / "stack.env"

    def create(self) -> None:
        """Make the directories. Raises StackError where they belong to somebody else."""
        try:
            self.path.mkdir(mode=PASSABLE, parents=True, exist_ok=True)
            self._check_owner()
            for directory in (self.run, self.logs, self.objects):
                directory.mkdir(mode=PRIVATE, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"Cannot use {self.path}: {error.strerror}. Name another directory in VOX_HOME."
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for this process alone. Raises StackError naming the process that has it."""
        with (self.run / "stack.lock").open("a+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                pid = lock.read().strip() or "unknown"
                raise StackError(
                    f"A stack already runs on {self.path} (process {pid}). Stop it, or set VOX_HOME for a second one."
                ) from error
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def secret(self, name: str, *, length: int = 40) -> str:
        """Return the secret kept in the file `name`; the first call makes it."""
        path = self.path / name
        with contextlib.suppress(FileNotFoundError):
            if kept := path.read_text(encoding="ascii").strip():
                return kept
        made = secrets.token_hex(length // 2)
        write_private(path, made + "\n")
        return made

    def write_addresses(self, values: Mapping[str, str]) -> None:
        write_private(self.addresses, "".join(f"{name}={value}\n" for name, value in values.items()))

    def remove_addresses(self) -> None:
        self.addresses.unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """Return the log of a process, moved to `.1` first when it has grown large."""
        path = self.logs / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
        return path

    def _check_owner(self) -> None:
        owner = self.path.stat().st_uid
        if owner != os.geteuid():
            raise StackError(
                f"{self.path} belongs to {_user_name(owner)}, and you are {_user_name(os.geteuid())}. "
                f"Start the stack as {_user_name(owner)}, or name another directory in VOX_HOME."
            )


def create_temporary() -> Home:
    """Make a home for a single command."""
    remove_abandoned(Path(tempfile.gettempdir()))
    path = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
    path.chmod(PASSABLE)
    home = Home(path)
    home.create()
    return home


def remove_abandoned(directory: Path) -> None:
    """Remove temporary homes of ours whose stack was killed before it could."""
    for path in directory.glob(f"{TEMPORARY_PREFIX}*"):
        with contextlib.suppress(OSError, StackError):
            status = path.stat()
            # A very young one may not have its lock yet.
            if status.st_uid == os.geteuid() and status.st_mtime < time.time() - ABANDONED_SECONDS:
                with Home(path).locked():
                    shutil.rmtree(path, ignore_errors=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; nobody ever sees half of it."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
