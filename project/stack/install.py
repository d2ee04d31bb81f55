"""Fill `.venv` with the locked requirements: `python3 project/stack/install.py embedded|dev`.

Runs before anything is installed, under whatever Python the machine has: only the standard library, and no syntax
that an old one would stumble over before it could say that it is too old.
"""

from __future__ import annotations  # an old Python does not know list[str]

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)

CONTAINS = {"embedded": ("embedded",), "dev": ("dev", "embedded")}
"""Which locked lists an installation satisfies: the one for developers has all of the other."""


def main() -> int:
    wanted = sys.argv[1]
    if sys.version_info < OLDEST:
        found = "{}.{}".format(*sys.version_info)
        return fail(f"Python 3.11 or newer is needed; this is {found}. Name another one: make PYTHON=python3.12 ...")
    lock = os.open(str(ROOT / "requirements"), os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # two terminals may come here at once
    if not works() and not create():
        return 1
    installed = read_stamp()
    if installed.get(wanted) == digest(wanted):
        return 0
    say(f"installing the locked packages of requirements/{wanted}.txt into .venv (once; about a minute)")
    if not install(wanted):
        return fail("The packages could not be installed; pip says why above. `make` again continues.")
    STAMP.write_text(json.dumps(dict(installed, **{name: digest(name) for name in CONTAINS[wanted]})))
    return 0


def works() -> bool:
    """Tell whether `.venv` holds a Python that starts: not after the system's was upgraded or the tree was moved."""
    try:
        return subprocess.run([str(PYTHON), "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def create() -> bool:
    say("creating .venv")
    shutil.rmtree(str(VENV), ignore_errors=True)
    if quietly([sys.executable, "-m", "venv", str(VENV)]):
        return True
    # Debian keeps pip for environments (ensurepip) in a package of its own; others may be there.
    shutil.rmtree(str(VENV), ignore_errors=True)
    if quietly([sys.executable, "-m", "virtualenv", str(VENV)]):
        return True
    if quietly([sys.executable, "-m", "pip", "--version"]) and quietly(
        [sys.executable, "-m", "venv", "--without-pip", str(VENV)]
    ):
        return True
    version = "{}.{}".format(*sys.version_info)
    fail(f"This Python cannot make virtual environments. On Debian and Ubuntu: apt install python{version}-venv")
    return False


def install(wanted: str) -> bool:
    requirements = str(ROOT / "requirements" / f"{wanted}.txt")
    if quietly([str(PYTHON), "-m", "pip", "--version"]):
        pip = [str(PYTHON), "-m", "pip"]
    else:
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "install", *quiet, "--require-hashes", "-r", requirements]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603


def quietly(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def read_stamp() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def say(text: str) -> None:
    sys.stdout.write(f"install  {text}\n")
    sys.stdout.flush()


def fail(text: str) -> int:
    sys.stderr.write(f"\nerror  {text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
