"""F12, defects: what raises in a reader's decision ends as one thing set aside.

It is reported, with everything else done and the process alive.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.stack import Ports, Stack
from foothold_ingest.rules.accept import fact_id, household_id
from foothold_risk.rules.household.household import Household
from foothold_risk.worker.state import unpack
from foothold_schemas.wire.topics import HOUSEHOLD_STATE
from tests.support.alarms.defects import stands
from tests.support.made.policy import write_test_policy
from tests.support.running.desk import Caseworker, case_number
from tests.support.running.parts import VAR
from tests.support.running.sender import Sender, eventually, read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]

COUNTY, AREA = "370399", "370399101201"
BEFORE, DAY = date(2026, 5, 30), date(2026, 6, 10)
NOT_JUDGED = "foothold_risk_households_not_judged"
AT = datetime(2026, 6, 9, 4, tzinfo=UTC)


class Planted:
    """A running Foothold, one service of which has a defect that can be changed while it runs."""

    def __init__(self, stack: Stack, sender: Sender) -> None:
        self.stack = stack
        self.sender = sender
        self._plan = stack.folder / "defect.json"

    def plant(self, **what: Any) -> None:  # noqa: ANN401 - what stands in a plan
        """From now on this goes wrong."""
        self._plan.write_text(json.dumps(what), encoding="utf-8")

    def run_bent(self, name: str) -> None:
        """Run the service with the defect in place of itself."""
        self.stack.services.pop(name).stop()
        environment = {"DEFECT_PLAN": str(self._plan), "DEFECT_SERVICE": name}
        os.environ.update(environment)
        try:
            self.stack.start_service(name, "tests.faults.defect")
        finally:
            for variable in environment:
                del os.environ[variable]
        self.stack.wait_ready()

    def upgrade(self, name: str) -> None:
        """The service without the defect."""
        self.stack.services.pop(name).stop()
        self.stack.start_service(name)
        self.stack.wait_ready()

    def register(self, *names: str) -> None:
        """Poor households: a bill makes each of them a case."""
        for name in names:
            entry = {
                "authority": COUNTY,
                "register_number": name,
                "area": AREA,
                "standing": "ordinary",
                "members": [{"person_ref": name}],
            }
            wages = {
                "category": "wage",
                "item": "salary",
                "amount": "7000.00",
                "earned_month": "2026-05",
                "is_yearly": True,
            }
            self.sender.say(
                "statistics", "HouseholdRegistered", f"reg-{name}", AT, f"{COUNTY}/{name}", **entry
            )
            self.sender.say(
                "statistics", "IncomeReported", f"inc-{name}", AT, f"{COUNTY}/{name}", **wages
            )

    def bill(self, name: str, event_id: str, total: str = "6000.00") -> None:
        """A settled bill."""
        bill = {
            "claim_number": event_id,
            "settled_on": "2026-03-15",
            "setting": "inpatient",
            "total": total,
        }
        self.sender.say(
            "health-insurance", "MedicalClaimSettled", event_id, AT, f"{COUNTY}/{name}", **bill
        )

    def household(self, name: str) -> str:
        """Its id."""
        return household_id(self.stack.secrets["FOOTHOLD_HOUSEHOLD_SECRET"].encode(), COUNTY, name)

    def state(self, name: str) -> Household:
        """As risk keeps it."""
        key = self.household(name).encode()
        newest = [
            m.value()
            for m in read_topic(self.stack.kafka.bootstrap, HOUSEHOLD_STATE.name)
            if m.key() == key
        ]
        return unpack(newest[-1]) if newest else Household()

    def metric(self, service: str, name: str, **labels: str) -> float:
        """The sum of a metric's series; below zero while the service is being started again."""
        try:
            text = httpx.get(f"{self.stack.ops_url(service)}/metrics", timeout=5).text
        except httpx.TransportError:
            return -1
        samples = (s for family in text_string_to_metric_families(text) for s in family.samples)
        return sum(
            s.value for s in samples if s.name == name and labels.items() <= s.labels.items()
        )

    def cases(self) -> set[str]:
        """Register numbers with a case at the desk."""
        with psycopg.connect(self.stack.postgres.dsn("foothold_alerts")) as connection:
            return {
                row[0]
                for row in connection.execute(
                    "select register_number from cases where priority_group is not null"
                )
            }

    def not_judged_pages(self) -> str | None:
        """The list of those that are not judged, once the case of one of them says so as well."""
        with Caseworker(
            self.stack, "caseworker", self.sender.passwords["caseworker"]
        ) as caseworker:
            number = case_number(self.stack, "GOOD")
            assert number is not None
            return (
                caseworker.client.get("/lists/not_judged").text
                if "未能研判" in caseworker.page(number)
                else None
            )

    def waiting_in(self) -> list[str]:
        """The topic of each record that waits as unprocessable: asked often, so of the database."""
        with psycopg.connect(self.stack.postgres.dsn("foothold_ingest")) as connection:
            rows = connection.execute(
                "select split_part(source_id, ':', 1) from quarantine"
                " where reason = 'unprocessable' and retried_at is null"
            )
            return [row[0] for row in rows]

    def quarantined(self) -> list[str]:
        """What waits as unprocessable."""
        lines = self.stack.command(
            "ingest", "quarantine", "list", "--reason", "unprocessable"
        ).splitlines()
        return [line for line in lines if "unprocessable" in line]

    def retry(self) -> str:
        """The ordinary command."""
        return self.stack.command("ingest", "quarantine", "retry", "--reason", "unprocessable")


@contextmanager
def planted() -> Iterator[Planted]:
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="defects-", dir=VAR, ignore_cleanup_errors=True
    ) as temporary:
        folder = Path(temporary)
        write_test_policy(folder / "policy")
        with (
            Stack(
                folder, Ports.free(), day_clock="manual", policy_folder=folder / "policy"
            ) as stack,
            Sender(stack) as sender,
        ):
            sender.adopt()
            yield Planted(stack, sender)


def test_f12_a_defect_in_risk_costs_one_household_its_turn_until_retried_once_mended() -> None:
    with planted() as county:
        county.register("BAD", "GOOD", "DAY-BAD", "DAY-GOOD", "DEADLY")
        county.sender.open_day(BEFORE)
        bad, worse, deadly = (
            fact_id("/agencies/health-insurance", name) for name in ("bad", "worse", "deadly")
        )
        county.plant(facts=[bad], households=[county.household("DAY-BAD")])
        county.run_bent("risk")
        county.sender.open_day(DAY)  # the month turns: everybody is judged
        eventually(
            lambda: county.metric("risk", NOT_JUDGED) == 1,
            "the household is marked and the day is done",
        )
        for name in ("GOOD", "DAY-GOOD", "DAY-BAD"):
            county.bill(name, f"{name}-before")
        county.bill("BAD", "bad")
        county.bill("BAD", "bad-after", "1.00")
        county.bill("GOOD", "good-after", "1.00")
        eventually(
            lambda: len(county.waiting_in()) == 4,
            "the household, what waits behind it, the bill, and what waits behind that",
        )
        eventually(
            lambda: {"GOOD", "DAY-GOOD"} <= county.cases(), "the other households have their cases"
        )
        eventually(lambda: county.metric("risk", NOT_JUDGED) == 2, "the alert's metric is up")

        county.plant(facts=[bad, worse], households=[county.household("DAY-BAD")])
        county.bill("GOOD", "worse", "2.00")
        eventually(
            lambda: county.metric("risk", NOT_JUDGED) == 3, "also a household with a case is marked"
        )
        pages = eventually(county.not_judged_pages, "the desk says so, on the case and on the list")

        county.plant(
            facts=[bad, worse], households=[county.household("DAY-BAD")], kills={deadly: 4}
        )
        starts = county.stack.services["risk"].starts
        county.bill("DEADLY", "deadly")
        eventually(lambda: "DEADLY" in county.cases(), "four kills set nothing aside", 120)
        died = county.stack.services["risk"].starts - starts
        is_alive = county.stack.services["risk"].pid is not None
        waiting = county.quarantined()
        marked = county.state("BAD"), county.state("DAY-BAD")

        county.upgrade("risk")
        retried = county.retry()
        eventually(lambda: {"BAD", "DAY-BAD"} <= county.cases(), "the cases they would have had")
        eventually(lambda: county.metric("risk", NOT_JUDGED) == 0, "nobody is left out any more")
        states = {name: county.state(name) for name in ("BAD", "GOOD", "DAY-BAD", "DAY-GOOD")}

    assert (died, is_alive) == (4, True)
    assert len(waiting) == 5
    assert all(name in pages for name in ("BAD", "DAY-BAD", "GOOD"))
    assert sum("  household." in line for line in waiting) == 1
    assert all(home.unjudged is not None and not home.claims for home in marked)
    assert retried.count("written_again") == 5
    assert [(len(h.claims), h.unjudged) for h in states.values()] == [
        (2, None),
        (3, None),
        (1, None),
        (1, None),
    ]
    assert stands(states["DAY-BAD"]) == stands(states["DAY-GOOD"])
    assert (states["BAD"].position.status, states["BAD"].position.group) == (
        states["GOOD"].position.status,
        states["GOOD"].position.group,
    )


@pytest.mark.long  # the slice is the one in risk above
def test_f12_a_defect_in_windows_or_at_the_desk_leaves_out_one_record_and_processes_live() -> None:
    with planted() as county:
        county.register("WINDOW", "CASE", "VIEW", "GOOD")
        county.sender.open_day(BEFORE)
        county.sender.open_day(DAY)
        ids = {name: county.household(name) for name in ("WINDOW", "CASE", "VIEW")}
        county.plant(signals=[ids["WINDOW"]], transitions=[ids["CASE"]], views=[ids["VIEW"]])
        for service in ("regions", "alerts"):
            county.run_bent(service)
        for name in (*ids, "GOOD"):
            county.bill(name, f"bill-{name}")
        eventually(
            lambda: {"WINDOW", "VIEW", "GOOD"} <= county.cases(),
            "the other households have their cases",
        )
        topics = {"area-signals.v1", "risk-transitions.v1", "household-views.v1"}
        eventually(
            lambda: topics <= set(county.waiting_in()),
            "each has set aside its record",
        )
        eventually(
            lambda: (
                county.metric(
                    "regions", "foothold_regions_quarantined_total", reason="unprocessable"
                )
                >= 1
            ),
            "it is counted",
        )
        waiting = county.quarantined()
        # the windows are folded from the log's start again, and the signal is left out again
        county.run_bent("regions")
        county.register("LATER")
        county.bill("LATER", "bill-LATER")
        eventually(lambda: "LATER" in county.cases(), "the desk goes on")
        settled = county.stack.services["regions"].starts, county.quarantined() == waiting
        alive = [county.stack.services[name].pid is not None for name in ("regions", "alerts")]

        for service in ("regions", "alerts"):
            county.upgrade(service)
        county.retry()
        eventually(lambda: "CASE" in county.cases(), "the case it would have had")
        left = county.quarantined()

    assert settled == (1, True)
    assert alive == [True, True]
    assert [line for line in left if "household-views" not in line] == []
