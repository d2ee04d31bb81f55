"""The times that must keep their order: what the product ships with, and each way to get it wrong."""

import pytest

from apps.pipeline.checks import check_order_of_times, check_shutdown


def found(check) -> list[str]:
    return [message.id for message in check()]


def test_the_shipped_times_are_in_order():
    assert found(check_order_of_times) == []
    assert found(check_shutdown) == []


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("PROVIDER_TIMEOUT_SECONDS", "STAGE_SOFT_LIMIT_SECONDS"),
        ("STAGE_SOFT_LIMIT_SECONDS", "STAGE_HARD_LIMIT_SECONDS"),
        ("STAGE_HARD_LIMIT_SECONDS", "VISIBILITY_TIMEOUT_SECONDS"),
    ],
)
def test_a_limit_that_is_not_below_the_next_one_is_an_error(settings, lower, upper):
    setattr(settings, lower, getattr(settings, upper))

    (message,) = check_order_of_times()

    assert message.id == "pipeline.E001"
    assert lower in message.msg
    assert upper in message.msg


@pytest.mark.parametrize(("heartbeat", "expected"), [(19, []), (20, ["pipeline.E002"]), (60, ["pipeline.E002"])])
def test_a_lease_outlives_two_lost_heartbeats(settings, heartbeat, expected):
    settings.STAGE_LEASE_SECONDS = 60
    settings.STAGE_HEARTBEAT_SECONDS = heartbeat

    assert found(check_order_of_times) == expected


def test_a_worker_must_have_time_to_let_a_call_end(settings):
    settings.SOFT_SHUTDOWN_SECONDS = settings.PROVIDER_TIMEOUT_SECONDS - 1

    assert found(check_shutdown) == ["pipeline.E003"]


def test_a_worker_must_not_be_killed_while_it_waits_for_a_call(settings):
    settings.STOP_GRACE_SECONDS = settings.SOFT_SHUTDOWN_SECONDS

    assert found(check_shutdown) == ["pipeline.E004"]
