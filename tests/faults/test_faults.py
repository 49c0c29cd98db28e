"""Foothold under faults, seeded.

FOOTHOLD_FAULT_SEED replays a run, FOOTHOLD_FAULT_SECONDS lengthens it (`make test-faults`).
"""

import json
import os
import random
import signal
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local.stack import SERVICES, Ports, Stack
from tests.faults.oracle import HEAL_SECONDS, check_all, check_numbers, wait_healed
from tests.faults.world import OPEN_DAY, Senders, before_go_live, what_happens
from tests.support.made.policy import write_test_policy
from tests.support.running.parts import VAR
from tests.support.running.sender import Sender, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]

SEED = int(os.environ.get("FOOTHOLD_FAULT_SEED", "20261125"))
SECONDS = int(os.environ.get("FOOTHOLD_FAULT_SECONDS", "12"))
HOUSEHOLDS = 60
SESSION_MS = 6_000
PATH = ("ingest", "risk", "alerts")
"""The services an event goes through; the region windows stand beside it."""


class World:
    """A running county: its stack, its senders and its luck."""

    def __init__(self, stack: Stack, chance: random.Random, doors: list[str]) -> None:
        self.stack = stack
        self.chance = chance
        self.sender = Sender(stack)
        self.senders = Senders(stack, self.sender, doors)
        for happened in before_go_live(chance, HOUSEHOLDS):
            self.senders.send(happened)
        self.sender.adopt()
        self.sender.open_day(OPEN_DAY)
        self.events = what_happens(chance, HOUSEHOLDS)

    def send(self, count: int) -> None:
        """So many more events."""
        for _ in range(count):
            self.senders.send(next(self.events))

    def settle(self) -> float:
        """Everything arrived, and everything is right; the seconds it took."""
        took = wait_healed(self.stack, self.senders.ledger)
        check_all(self.stack, self.senders.ledger)
        assert self.senders.trouble == []
        return took


@contextmanager
def world(seed: int, **replicas: int) -> Iterator[World]:
    """A county of its own."""
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="faults-", dir=VAR, ignore_cleanup_errors=True
    ) as temporary:
        folder = Path(temporary)
        write_test_policy(folder / "policy")
        more = {"FOOTHOLD_RISK_SESSION_MS": str(SESSION_MS)}
        with Stack(
            folder,
            Ports.free(),
            day_clock="manual",
            policy_folder=folder / "policy",
            replicas=replicas,
            more=more,
        ) as stack:
            doors = [stack.door_url(name) for name in stack.services if name.startswith("ingest")]
            county = World(stack, random.Random(seed), doors)  # noqa: S311 - a seed to replay by, no secret
            try:
                yield county
            finally:
                county.senders.close()
                county.sender.close()


def test_f01_kill_9_of_every_service_at_random_loses_nothing_and_doubles_nothing() -> None:
    with world(SEED, ingest=2, risk=2, alerts=2) as county:
        county.senders.start(county.events, a_second=60)
        ends, kills = time.monotonic() + SECONDS, 0
        names = sorted(county.stack.services)
        while time.monotonic() < ends:
            victim = county.stack.services[county.chance.choice(names)]
            if victim.pid is not None:
                os.kill(victim.pid, signal.SIGKILL)
                kills += 1
            time.sleep(county.chance.uniform(1.5, 4.5))
        county.senders.stop()
        healed = county.settle()
        accepted = len(county.senders.ledger.accepted)
        slowest = max(county.senders.ledger.seconds_to_accept)
        restores = restore_seconds(county.stack)

    bad = len(county.senders.ledger.planted)
    summary = (
        f"{kills} kills, {accepted} facts, {bad} bad records, slowest accept {slowest:.1f} s,"
        f" healed in {healed:.1f} s"
    )
    print(
        f"F01 seed {SEED}: {summary}, {len(restores)} partitions restored, the slowest in"
        f" {max(restores):.2f} s"
    )
    assert kills >= SECONDS // 4


def restore_seconds(stack: Stack) -> list[float]:
    """How long each taking over of a partition took: fence, committed offset, changelog."""
    lines = (
        line
        for path in (stack.folder / "log").glob("risk*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    return [float(json.loads(line)["seconds"]) for line in lines if '"risk.restored"' in line]


@contextmanager
def saboteur(
    stack: Stack, at: str, *, mutant: bool = False
) -> Iterator[tuple[psutil.Process, Path]]:
    """A second risk worker that will freeze itself at the step once the flag is there."""
    flag = stack.folder / f"flag-{at}"
    environment = {
        "SABOTAGE_AT": at,
        "SABOTAGE_FLAG": str(flag),
        **({"SABOTAGE_ID": "process"} if mutant else {}),
    }
    os.environ.update(environment)
    try:
        service = stack.start_service("risk-2", "tests.faults.saboteur")
    finally:
        for name in environment:
            del os.environ[name]
    try:
        eventually(
            lambda: service.pid and _is_ready(stack, "risk-2"),
            "the second worker owns partitions",
            60,
        )
        assert service.pid is not None
        yield psutil.Process(service.pid), flag
    finally:
        for child in [service.pid] if service.pid else []:
            os.kill(child, signal.SIGCONT)
        service.stop()
        del stack.services["risk-2"]


def _is_ready(stack: Stack, name: str) -> bool:
    try:
        with urllib.request.urlopen(f"{stack.ops_url(name)}/readyz", timeout=2) as answer:
            return bool(answer.status == httpx.codes.OK)
    except OSError:
        return False


def freeze_and_wake(county: World, at: str, *, mutant: bool = False) -> None:
    """The worker freezes itself in a transaction.

    The other one takes over and goes on; then the frozen one wakes up, and ends by itself.
    """
    with saboteur(county.stack, at, mutant=mutant) as (frozen, flag):
        flag.touch()
        county.senders.start(county.events, a_second=40)
        eventually(
            lambda: frozen.status() == psutil.STATUS_STOPPED, f"the worker freezes at '{at}'", 30
        )
        time.sleep(SESSION_MS / 1000 + 4)
        county.senders.stop()
        if not mutant:
            wait_healed(county.stack, county.senders.ledger)
        frozen.send_signal(signal.SIGCONT)
        if mutant:
            time.sleep(4)  # nobody fences it, so it goes on where it stood
            return
        # nothing of it is under way: it may as well notice that it was left out, and join anew
        if at == "after":
            eventually(
                lambda: has_ended(frozen) or _is_ready(county.stack, "risk-2"),
                "the frozen worker ends, or joins anew",
                60,
            )
        else:
            eventually(lambda: has_ended(frozen), "the frozen worker ends by itself", 30)


def has_ended(process: psutil.Process) -> bool:
    """Gone, or waiting to be collected by its parent."""
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize(
    "points",
    [("offsets", "end"), pytest.param(("begin", "after"), marks=pytest.mark.long)],
    ids=" and ".join,
)
def test_f03_a_worker_frozen_at_any_point_of_its_transaction_never_doubles_when_it_wakes(
    points: tuple[str, ...],
) -> None:
    with world(SEED + 3, risk=1) as county:
        county.stack._own_ports["risk-2"] = (0, Ports.free().risk_ops)
        for at in points:
            freeze_and_wake(county, at)
            assert county.settle() < HEAL_SECONDS, at


@pytest.mark.long  # shows that the test above can fail
def test_f03_with_one_transactional_id_per_process_the_same_test_fails() -> None:
    with world(SEED + 3, risk=1) as county:
        county.stack._own_ports["risk-2"] = (0, Ports.free().risk_ops)
        freeze_and_wake(county, "end", mutant=True)
        with pytest.raises(AssertionError, match="O5"):
            check_numbers(county.stack)


@pytest.mark.long  # `test_stops` ends each service while what it needs is away
def test_f04_services_end_within_ten_seconds_and_come_back_in_any_order() -> None:
    with world(SEED + 4) as county:
        county.senders.start(county.events, a_second=40)
        slowest = 0.0
        for order in permutations(PATH):
            for name in order:
                began = time.monotonic()
                county.stack.services[name].stop()
                slowest = max(slowest, time.monotonic() - began)
            for name in reversed(order):
                county.stack.start_service(name)
                time.sleep(county.chance.uniform(0.1, 1.0))
        county.stack.wait_ready()
        for name in SERVICES:  # at any moment of its start
            for wait in (0.05, 0.4, 0.9, 1.4):
                began = time.monotonic()
                county.stack.services[name].stop()
                slowest = max(slowest, time.monotonic() - began)
                county.stack.start_service(name)
                time.sleep(wait)
        county.stack.wait_ready()
        county.senders.stop()
        healed = county.settle()

    print(f"F04: slowest end {slowest:.1f} s, healed in {healed:.1f} s")
    assert slowest < 10


@pytest.mark.long  # `test_desk_faults` takes the database away from people at work
def test_f06_a_database_that_crashes_and_returns_costs_nothing_and_the_desk_says_so() -> None:
    with world(SEED + 6, alerts=2) as county, httpx.Client(base_url=county.stack.inbox_url) as desk:
        county.senders.start(county.events, a_second=40)
        name = min(county.sender.passwords)
        account = {"name": name, "password": county.sender.passwords[name]}
        logged_in = desk.post("/login", data=account)
        for _ in range(3):
            county.stack.postgres.crash()
            time.sleep(1)
            away = desk.get("/")
            time.sleep(county.chance.uniform(0.5, 3))
            county.stack.postgres.start_again()
            back = eventually(
                lambda: desk.get("/").status_code == httpx.codes.OK, "the inbox is back", 30
            )
            time.sleep(1)
        county.senders.stop()
        healed = county.settle()
        starts = {name: county.stack.services[name].starts for name in ("alerts", "alerts-2")}

    print(f"F06: healed in {healed:.1f} s")
    assert (logged_in.status_code, away.status_code, back) == (303, 503, True)
    assert "暂时无法使用" in away.text
    assert starts == {"alerts": 1, "alerts-2": 1}
