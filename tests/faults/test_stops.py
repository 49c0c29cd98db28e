"""Every service ends by itself within ten seconds of SIGTERM.

It does so whatever it is at and whatever is away.
"""

import os
import time
from functools import partial
from typing import Final

import pytest

from deploy.local.stack import SERVICES, Stack
from deploy.local.supervise import STOP_SECONDS
from tests.faults.test_faults import SEED, world
from tests.support.running.sender import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]


_ALL: Final = (0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0)
MOMENTS: Final = _ALL if "FOOTHOLD_FAULT_SECONDS" in os.environ else _ALL[::3]
"""Seconds after the windows began to start; `make test-faults` tries all."""


def seconds_to_end(stack: Stack, name: str) -> float:
    began = time.monotonic()
    stack.services[name].stop()
    return time.monotonic() - began


@pytest.mark.long  # kills the windows again and again
def test_the_windows_end_in_the_middle_of_their_start_as_well() -> None:
    """A cancelled start leaves behind the thread in which Faust starts its consumer.

    It is a thread of its own: the process then waits for it until it is killed.
    """
    with world(SEED + 8) as county:
        stack = county.stack
        stack.services["regions"].stop()
        took = {}
        for wait in MOMENTS:
            starts = _starts_said(stack) + 1
            stack.start_service("regions")
            eventually(partial(_has_said, stack, starts), "the windows begin to start", 30)
            time.sleep(wait)
            took[wait] = seconds_to_end(stack, "regions")
    assert max(took.values()) < STOP_SECONDS, took


def _has_said(stack: Stack, starts: int) -> bool:
    return _starts_said(stack) >= starts


def _starts_said(stack: Stack) -> int:
    return stack.services["regions"].log.read_text(errors="replace").count('"risk.regions_started"')


def test_each_service_ends_while_postgresql_is_away_and_while_kafka_is() -> None:
    with world(SEED + 9) as county:
        stack, took = county.stack, {}
        stack.postgres.crash()
        time.sleep(1)  # each has noticed
        for name in SERVICES:
            took[f"{name} without PostgreSQL"] = seconds_to_end(stack, name)
        stack.postgres.start_again()
        for name in SERVICES:
            stack.start_service(name)
        stack.wait_ready()
        stack.kafka.stop()
        time.sleep(1)
        for name in SERVICES:
            took[f"{name} without Kafka"] = seconds_to_end(stack, name)
    assert max(took.values()) < STOP_SECONDS, took
