"""The application's own processes, as data."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

from project.stack import probes
from project.stack.children import Spec
from project.stack.environment import ROOT
from project.stack.home import Home
from project.stack.loader import Loader
from project.stack.ports import HOST

SAMPLE = Path("tests") / "data" / "audio" / "en_cards_16k.wav"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where people reach the stack."""

    web: int
    flower: int


@dataclass(frozen=True, slots=True)
class Application:
    """What runs beside the servers."""

    loader: tuple[Spec, ...]
    """Load what the others have in common while the servers start."""
    setup: tuple[Spec, ...]
    """One after the other, before everything else."""
    kept: tuple[Spec, ...]
    """All at once; when the first one is ready the stack can be used."""
    sample: Spec | None
    """Once in the life of a home, when the web server answers."""


def flower_login(home: Home) -> str:
    """Return name and password for Flower, with a colon between."""
    return f"operator:{home.secret('flower_password', length=20)}"


def plan(home: Home, environment: Mapping[str, str], claimed: Ports) -> Application:
    common = {
        **environment,
        "REMAP_SIGTERM": "SIGQUIT",  # a worker that is told to stop ends what is in flight and takes nothing new
        "OPENBLAS_NUM_THREADS": "1",  # arithmetic on samples gains nothing from threads, and each costs memory
    }
    loader = Loader(home, common)

    def python(name: str, *arguments: str, **extra: str) -> Spec:
        spec = Spec(
            name=name,
            command=(sys.executable, *arguments),  # a script in .venv/bin breaks on a path with a space
            environment={**common, **extra},
            directory=ROOT,
            log=home.log(name),
        )
        return loader.forked(spec)

    def worker(name: str, queues: str) -> Spec:
        node = ("-n", f"{name}@%h", "-Q", queues, "-c", "2", "--without-gossip", "--without-mingle")
        return python(f"worker-{name}", *_celery("worker"), *node)

    gunicorn = ("-m", "gunicorn", "project.wsgi:application", "-c", "python:project.gunicorn")
    web = python("web", *gunicorn, BIND=f"{HOST}:{claimed.web}")
    flower = ("--conf=project/flower_options.py", f"--address={HOST}", f"--port={claimed.flower}")
    sample = python("sample", "manage.py", "process", str(SAMPLE))
    return Application(
        loader=(loader.spec,),
        setup=(
            python("migrate", "manage.py", "migrate", "--no-input"),
            python("setup", "manage.py", "setup_first_run"),
        ),
        kept=(
            replace(web, is_ready=lambda _pid: probes.http_status(claimed.web, "/livez") == HTTPStatus.OK),
            worker("audio", "media,stt"),
            worker("text", "default,llm,deliver"),
            python("beat", *_celery("beat")),
            python("flower", *_celery("flower"), *flower, FLOWER_BASIC_AUTH=flower_login(home)),
        ),
        sample=sample if (ROOT / SAMPLE).exists() else None,
    )


def _celery(*command: str) -> tuple[str, ...]:
    return ("-m", "celery", "-A", "project.celery", *command, "--loglevel=INFO")
