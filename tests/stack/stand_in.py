"""The stack with harmless processes in the place of the application: `python -m tests.stack.stand_in HOME PORT`."""

import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from project.stack import commands, probes, screen
from project.stack.application import Application, Ports
from project.stack.children import Spec
from project.stack.environment import ROOT
from project.stack.errors import StackError
from project.stack.home import Home

WEB = """
import http.server
import sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

WORKER = """
import os, signal, sys, time
from apps.core.process import die_with_parent

signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[1] == "stubborn" else signal.SIG_DFL)
if os.fork() == 0:
    die_with_parent()
    os.setsid()
time.sleep(600)
"""

CRASHING = "raise SystemExit('no such luck')"


def plan(home: Home, environment: Mapping[str, str], claimed: Ports) -> Application:
    def python(name: str, *arguments: str, **options) -> Spec:
        return Spec(name, (sys.executable, *arguments), environment, ROOT, home.log(name), **options)

    def answers(_pid: int) -> bool:
        return probes.http_status(claimed.web, "/livez") == HTTPStatus.OK

    return Application(
        loader=(),
        setup=(python("migrate", "-c", ""),),
        kept=(
            python("web", "-c", WEB, str(claimed.web), is_ready=answers),
            python("worker", "-c", WORKER, "stubborn" if "--stubborn" in sys.argv else ""),
            *((python("crashing", "-c", CRASHING),) if "--crashing" in sys.argv else ()),
        ),
        sample=python("sample", "-c", "print('sampled')"),
    )


if __name__ == "__main__":
    try:
        sys.exit(commands.run(commands.RunOptions(Path(sys.argv[1]), int(sys.argv[2]), 0), plan))
    except StackError as error:
        screen.fail(str(error))
        sys.exit(1)
