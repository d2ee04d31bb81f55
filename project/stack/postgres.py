"""The PostgreSQL cluster of a home: made once, then served by a process of its own."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from project.stack import privileges, processes
from project.stack.errors import StackError
from project.stack.home import PRIVATE, Home
from project.stack.ports import HOST

ROLE = DATABASE = "voxpersona"

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # their paths may have 107 bytes, ours have what the user's home has
    "max_connections": "100",
    # Small: it shares a laptop with everything else.
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "wal_buffers": "1MB",
    "io_method": "sync",  # no processes for input and output
    "autovacuum_max_workers": "1",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "huge_pages": "off",
    # Nobody replicates it.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

READY_LINE = 7
"""The line of postmaster.pid, from 0, in which the server says that it takes connections."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The data directory, and the programs that work on it."""

    home: Home
    programs: Path

    @property
    def data(self) -> Path:
        return self.home.path / "postgres"

    @property
    def environment(self) -> dict[str, str]:
        """Without the PG... variables of the user, which are for another server."""
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def command(self, port: int, *, durable: bool) -> tuple[str, ...]:
        settings = SETTINGS | ({} if durable else NOT_DURABLE)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return (self._program("postgres"), "-D", os.fspath(self.data), "-p", str(port), *options)

    def create(self, password: str) -> privileges.Account | None:
        """Make the cluster unless it is there; return the account that it must run as, None for our own.

        A half-made one never takes the place: it is made beside it and moved.
        """
        if (self.data / "PG_VERSION").exists():
            return privileges.account_for(self._trial(self.data), self.data)
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=PRIVATE)
        if os.geteuid() == 0:
            os.chown(draft, *privileges.owner_ids())
        account = privileges.account_for(self._trial(draft), draft)
        self._initialise(draft, password, account.become if account else None)
        draft.rename(self.data)
        return account

    def clear(self) -> None:
        """End what an earlier server left behind: after a SIGKILL its processes hold the shared memory for a while.

        The home is locked and the server is dead, so a lock file of its own says nothing; and a process that got
        its number by accident would keep the server from starting.
        """
        if processes.clear(self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def is_ready(self, pid: int) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(lines) > READY_LINE and lines[0] == str(pid) and lines[READY_LINE].strip() == "ready"

    def _initialise(self, draft: Path, password: str, become: Callable[[], None] | None) -> None:
        data = os.fspath(draft)
        self._do(
            (
                *(self._program("initdb"), "-D", data, "-U", "postgres", "--auth=reject", "--no-sync"),
                *("--encoding=UTF8", "--locale=C.UTF-8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ),
            become,
        )
        # The superuser cannot log in at all; our role owns its database and may create those of the tests.
        (draft / "pg_hba.conf").write_text(f"host all {ROLE} {HOST}/32 scram-sha-256\n", encoding="ascii")
        self._do(
            (self._program("postgres"), "--single", "-D", data, "template1"),
            become,
            # Only a superuser may add it: it is in the template of all databases, those of the tests too.
            "CREATE EXTENSION vector;\n"
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}';\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n",
        )

    def _do(self, command: tuple[str, ...], become: Callable[[], None] | None, script: str = "") -> None:
        done = subprocess.run(  # noqa: S603 - our own binaries; single-threaded, only system calls
            command,
            input=script,
            env=self.environment,
            cwd="/",
            preexec_fn=become,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or "ERROR:" in done.stderr + done.stdout:  # --single ends with 0 either way
            raise StackError(f"PostgreSQL's data could not be created:\n\n{done.stdout}{done.stderr}")

    def _trial(self, data: Path) -> tuple[str, ...]:
        """A command that looks for the program files and the data as the server does, and changes nothing."""
        return (self._program("initdb"), "--show", "-D", os.fspath(data))

    def _program(self, name: str) -> str:
        return os.fspath(self.programs / name)
