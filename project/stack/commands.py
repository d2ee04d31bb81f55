"""`run`: the whole product until somebody stops it. `exec`: one command beside throw-away servers."""

import contextlib
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from project.stack import application, ports, screen, servers
from project.stack.application import Application, Ports
from project.stack.children import Child, Spec
from project.stack.environment import ROOT, Environment
from project.stack.errors import StopRequestedError
from project.stack.home import Home, create_temporary
from project.stack.supervisor import Supervisor

SERVER_SECONDS = 60.0
"""How long a server may take to start: it may have to recover after a crash."""

WEB_SECONDS = 60.0
"""After so long without an answer somebody should look into the log."""

Planner = Callable[[Home, Mapping[str, str], Ports], Application]
"""Makes the list of processes from home, environment and ports."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line says; None leaves it to the environment."""

    home: Path | None
    port: int | None
    flower_port: int | None


def run(options: RunOptions, planner: Planner = application.plan) -> int:
    """Serve until asked to stop; return the exit status."""
    environment = Environment.read()
    home = Home(options.home.resolve() if options.home else environment.home())
    home.create()
    with home.locked():
        claimed = Ports(
            web=_port(options.port, environment, "PORT", 8000),
            flower=_port(options.flower_port, environment, "FLOWER_PORT", 5555),
        )
        numbers = {"PORT": str(claimed.web), "FLOWER_PORT": str(claimed.flower)}
        with _serving(home, environment, numbers, durable=True) as serving:
            with contextlib.suppress(StopRequestedError):
                _run_application(serving, planner(home, serving.variables, claimed), claimed)
            screen.say("stopping")
    screen.say("stopped; the data is kept")
    return 0


def execute(command: list[str], *, durable: bool) -> int:
    """Run a command beside servers of its own; return its exit status. Nothing is kept."""
    home = create_temporary()
    try:
        with home.locked(), _serving(home, Environment.read(), {}, durable=durable) as serving:
            serving.wait()
            spec = Spec("command", tuple(command), serving.variables, Path.cwd(), log=None)
            code = serving.supervisor.accompany(serving.supervisor.start_once(spec))
            return 128 - code if code < 0 else code
    except StopRequestedError as stop:
        return 128 + stop.signal_number
    finally:
        shutil.rmtree(home.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Serving:
    """Servers that are starting, and what is needed to use them."""

    supervisor: Supervisor
    home: Home
    children: list[Child]
    addresses: Mapping[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of programs that use the servers."""
        return os.environ | dict(self.addresses) | {"VOX_HOME": os.fspath(self.home.path)}

    def wait(self) -> None:
        """Wait until the servers answer; tell other terminals where they are."""
        self.supervisor.wait_ready(self.children, seconds=SERVER_SECONDS)
        self.home.write_addresses(self.addresses)


@contextlib.contextmanager
def _serving(home: Home, environment: Environment, numbers: Mapping[str, str], *, durable: bool) -> Iterator[Serving]:
    """Start the servers; in the end stop everything."""
    supervisor = Supervisor()
    supervisor.take_charge()
    children: list[Child] = []
    home.secret("secret_key", length=100)
    try:
        planned = servers.plan(home, environment, durable=durable)
        children += supervisor.keep(server.spec for server in planned.embedded)
        yield Serving(supervisor, home, children, {**planned.addresses, **numbers})
    finally:
        home.remove_addresses()
        supervisor.stop(children)


def _run_application(serving: Serving, plan: Application, claimed: Ports) -> None:
    supervisor = serving.supervisor
    screen.say("starting PostgreSQL, Valkey and S3 ...")
    loading = supervisor.keep(plan.loader)
    serving.wait()
    # One that fails is tried again, and the others go on without it: their own logs then say what is wrong.
    supervisor.wait(lambda: all(child.is_ready or child.quick_deaths for child in loading))
    for spec in plan.setup:
        screen.say(f"{spec.name} ...")
        supervisor.run_once(spec)
    screen.say("starting the application ...")
    web = supervisor.keep(plan.kept)[0]
    if not supervisor.wait(lambda: web.is_ready, seconds=WEB_SECONDS):
        screen.warn(f"The web server does not answer yet. Look into {web.spec.log}")
        supervisor.wait(lambda: web.is_ready)
    _welcome(serving.home, claimed)
    _process_sample(supervisor, serving.home, plan)
    supervisor.look_after_everything()


def _port(given: int | None, environment: Environment, variable: str, default: int) -> int:
    return ports.claim(environment.port(variable, default) if given is None else given, variable)


def _process_sample(supervisor: Supervisor, home: Home, plan: Application) -> None:
    mark = home.path / "sample_done"
    if plan.sample is None or mark.exists():
        return
    screen.say("processing a sample recording ...")
    child = supervisor.start_once(plan.sample)
    supervisor.wait(lambda: child.exit_code is not None)
    if child.exit_code == 0:
        mark.touch()
        screen.say("the sample recording is ready")
    else:
        screen.warn(f"The sample recording failed. Look into {plan.sample.log}")


def _welcome(home: Home, claimed: Ports) -> None:
    web = f"http://{ports.HOST}:{claimed.web}"
    user, _colon, _password = application.flower_login(home).partition(":")
    screen.block(
        "VoxPersona is running",
        [
            [
                ("Admin", f"{web}/admin/"),
                ("API docs", f"{web}/api/docs"),
                ("Flower", f"http://{ports.HOST}:{claimed.flower}/"),
            ],
            [
                ("Admin login", f"admin, password in {_short(home.path / 'admin_password')}"),
                ("Flower login", f"{user}, password in {_short(home.path / 'flower_password')}"),
                ("API key", f"in {_short(home.path / 'api_key')}"),
            ],
            [
                ("Try it", f'curl -H "Authorization: Bearer $(cat {shlex.quote(_short(home.path / "api_key"))})" \\'),
                ("", f"     -F file=@{application.SAMPLE} {web}/api/v1/recordings"),
                ("or", f".venv/bin/python manage.py process {application.SAMPLE}"),
            ],
            [("Logs", f"{_short(home.logs)}/"), ("Stop", "Ctrl-C")],
        ],
    )


def _short(path: Path) -> str:
    """Return a path as seen from the repository, where people type commands."""
    return os.fspath(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
