"""docker-compose.yml keeps the promises of the settings and of docs/operations.md."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

WORKERS = sorted(name for name in SERVICES if name.startswith("worker-"))
OURS = sorted(name for name, service in SERVICES.items() if str(service["image"]).startswith("voxpersona:"))
ONE_SHOT = ["migrate", "minio-bucket"]
LASTING = sorted(SERVICES.keys() - set(ONE_SHOT))


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


def queues_of(worker: str) -> list[str]:
    command = SERVICES[worker]["command"]
    return command[command.index("-Q") + 1].split(",")


def test_every_queue_has_exactly_one_kind_of_worker():
    served = [queue for worker in WORKERS for queue in queues_of(worker)]

    assert sorted(served) == sorted(queue.name for queue in settings.CELERY_TASK_QUEUES)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_has_time_to_let_its_calls_end(worker):
    grace = seconds(SERVICES[worker]["stop_grace_period"])

    assert grace == settings.STOP_GRACE_SECONDS
    assert grace > settings.SOFT_SHUTDOWN_SECONDS >= settings.PROVIDER_TIMEOUT_SECONDS
    assert SERVICES[worker]["environment"]["REMAP_SIGTERM"] == "SIGQUIT"


@pytest.mark.parametrize("worker", WORKERS)
def test_the_health_check_of_a_worker_asks_that_worker(worker):
    command = SERVICES[worker]["command"]
    name = command[command.index("-n") + 1]

    assert f'-d "{name.replace("%h", "$$HOSTNAME")}"' in SERVICES[worker]["healthcheck"]["test"][1]


@pytest.mark.parametrize("service", OURS)
def test_commands_name_modules_that_exist(service):
    command = SERVICES[service].get("command", [])
    modules = [command[position + 1] for position, word in enumerate(command) if word == "-A"]
    scripts = [word.rpartition("=")[2] for word in command if word.endswith(".py")]

    assert modules or scripts or service == "web"  # the web server is the image's own command
    assert all(importlib.util.find_spec(module) for module in modules)
    assert all((ROOT / script).is_file() for script in scripts)


@pytest.mark.parametrize("service", OURS)
def test_our_processes_can_change_nothing_but_their_scratch(service):
    settings_of = SERVICES[service]

    assert settings_of["read_only"] is True
    assert settings_of["cap_drop"] == ["ALL"]
    assert settings_of["volumes"] == ["scratch:/scratch"]
    assert "privileged" not in settings_of
    assert "user" not in settings_of  # the image's own, which is not root


@pytest.mark.parametrize("service", LASTING)
def test_every_lasting_service_is_watched_and_restarted(service):
    asked_by_the_image = service == "web"

    assert asked_by_the_image or SERVICES[service]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert SERVICES[service]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_has_limits_and_bounded_logs(service):
    limits = SERVICES[service]["deploy"]["resources"]["limits"]

    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+[MG]", limits["memory"])
    assert SERVICES[service]["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("service", ONE_SHOT)
def test_one_shot_services_are_not_started_again(service):
    assert SERVICES[service]["restart"] == "no"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_nothing_is_published_beyond_this_machine(service):
    ports = SERVICES[service].get("ports", [])

    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not ports or service in {"web", "flower"}


def test_servers_hold_their_data_in_volumes_and_off_the_internet():
    for service in ("postgres", "redis", "minio"):
        assert SERVICES[service]["networks"] == ["servers"]
        assert SERVICES[service]["volumes"][0].split(":")[0] in COMPOSE["volumes"]
    assert COMPOSE["networks"]["servers"]["internal"] is True


def test_the_broker_drops_nothing_and_asks_for_a_password():
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))

    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "everysec"
    assert "REDIS_PASSWORD" in options["--requirepass"]


def test_the_start_refuses_without_each_secret():
    text = (ROOT / "docker-compose.yml").read_text()

    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_SECRET_ACCESS_KEY", "FLOWER_BASIC_AUTH"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_images_of_others_are_pinned(service):
    image = SERVICES[service]["image"]

    assert service in OURS or re.search(r":.*\d", image)


@pytest.mark.parametrize("service", [name for name in OURS if name != "migrate"])
def test_nothing_starts_before_the_tables_are_there(service):
    assert SERVICES[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
