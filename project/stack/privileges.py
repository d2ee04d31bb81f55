"""PostgreSQL refuses to run as root: as root, start it under an unprivileged account.

That account must reach the binaries and the data, and often cannot: root's home has mode 0700. Opening other
people's directories is no answer. Linux lets a process change its user and keep single privileges over an exec
(capabilities(7), "ambient"): the server runs as `nobody` with, where it is needed, the one privilege to walk
through directories and read files, and with nothing else of root's.
"""

import ctypes
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from project.stack.errors import StackError

ACCOUNT = "nobody"

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522

CHOICES = (None, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)
"""From least to most. The last one is for binaries that were installed for root alone (umask 077), and for
containers, whose root has it and not the second."""

_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: dlopen is not safe after one


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """Who a server runs as, and the one capability it keeps."""

    uid: int
    gid: int
    capability: int | None

    def become(self) -> None:
        """Turn this process, which is root, into the account. Between fork and exec: only system calls."""
        if self.capability is not None:
            # Without it setuid drops every capability, and access(2), by which PostgreSQL looks for its own
            # files, asks for those of an ordinary user only.
            _check(_libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        if self.capability is not None:
            _keep_only(self.capability)


def account_for(trial: tuple[str, ...], directory: Path) -> Account | None:
    """Return the account that succeeds with the command `trial` in its `directory`; None means: as we are.

    The right amount of privilege is found by trying. Raises StackError when nothing helps.
    """
    if os.geteuid() != 0:
        return None
    uid, gid = owner_ids()
    for capability in CHOICES:
        account = Account(uid, gid, capability)
        if _can_run(account, trial, directory):
            return account
    raise StackError(
        f"PostgreSQL does not run as root, and the account {ACCOUNT!r} cannot reach {trial[0]} or {directory}. "
        f"Start as an ordinary user, or move the project to a directory that others may enter."
    )


def owner_ids() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError as error:
        raise StackError(
            f"PostgreSQL does not run as root, and there is no account {ACCOUNT!r}. Start as an ordinary user."
        ) from error
    return entry.pw_uid, entry.pw_gid


def _can_run(account: Account, trial: tuple[str, ...], directory: Path) -> bool:
    def enter() -> None:
        account.become()
        os.chdir(directory)

    try:
        tried = subprocess.run(  # noqa: S603 - our own binary; single-threaded, only system calls
            trial, preexec_fn=enter, capture_output=True, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def _keep_only(capability: int) -> None:
    bit = 1 << capability
    sets = (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))
    _check(_libc.capset(ctypes.byref(_Header(CAPABILITY_VERSION_3, 0)), sets))
    _check(_libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "not permitted")
