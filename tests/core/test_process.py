import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import os, sys, time
from apps.core.process import die_with_parent

parent = os.getpid()
child = os.fork()
if child:
    print(child, flush=True)
    time.sleep(0 if sys.argv[1] == "before" else 0.5)
    os._exit(0)
while sys.argv[1] == "before" and os.getppid() == parent:
    time.sleep(0.01)
die_with_parent()
time.sleep(600)
"""


def outlives_its_parent(moment: str) -> bool:
    with subprocess.Popen([sys.executable, "-c", CODE, moment], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline())
    deadline = time.monotonic() + 5
    while is_running(child):
        if time.monotonic() > deadline:
            return True
        time.sleep(0.02)
    return False


def is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_child_ends_when_its_parent_ends():
    assert not outlives_its_parent("after")


def test_a_child_whose_parent_ended_before_it_could_ask_ends_too():
    assert not outlives_its_parent("before")


def test_forking_a_child_does_not_end_oneself():
    code = "import os; from apps.core.process import die_with_parent; os.fork() or os._exit(0); die_with_parent()"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
