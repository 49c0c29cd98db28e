"""Part of `make bench`: one flood over 50,000 households.

How long until each is found at the desk, how many notices, what a single case waits.

The target (design): one incident, one notice for each township, all impacts to be asked for within
60 seconds. The figures go to var/bench-flood.json.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg

from bench.stack import running, tell, wiped
from deploy.local.stack import Stack
from deploy.local.welcome import access
from simulator.county import COUNTY, SHANGHAI, Event, month_before, operator_event
from simulator.demo import write_policy
from simulator.door import Door

FOLDER: Final = Path("var/bench")
FIGURES: Final = Path("var/bench-flood.json")
HOUSEHOLDS: Final = 50_000
TOWNSHIPS: Final = 20
VILLAGES: Final = 25
TARGET_SECONDS: Final = 60
PATIENCE_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds from the flood's acceptance.

    `case_seconds`: from a verified loss of one household, reported right after the flood, to its
    case.
    """

    households: int
    townships: int
    impact_seconds: float
    incidents: int
    notices: int
    case_seconds: float


def main() -> None:
    """Start everything, measure, stop."""
    policy = write_policy(wiped(FOLDER) / "policy", "0.40")
    with running(FOLDER, policy) as stack:
        figures = Flood(stack, policy).run()
    tell(figures, FIGURES)
    is_met = figures.impact_seconds < TARGET_SECONDS and (figures.incidents, figures.notices) == (
        1,
        TOWNSHIPS,
    )
    print(
        f"target: one incident, {TOWNSHIPS} notices, {TARGET_SECONDS} seconds:"
        f" {'met' if is_met else 'missed'}"
    )


class Flood:
    """One measurement on one running stack."""

    def __init__(self, stack: Stack, policy: Path) -> None:
        self.stack = stack
        self.keys = {name.removeprefix("key:"): key for name, key in access(stack).items()}
        self.today = datetime.now(SHANGHAI).date()
        self.bundle = stack.command("risk", "policy", "check", str(policy)).split()[0]

    def run(self) -> Figures:
        """Register, go live, strike, wait."""
        now = datetime.now(UTC)
        print(f"{HOUSEHOLDS:,} households, each with a year's income")
        self._send("statistics", self._register())
        adopt = operator_event("PolicyAdopted", "adopt", now, {"bundle": self.bundle})
        self._send(
            "operator",
            iter(
                [
                    adopt,
                    operator_event(
                        "DayOpened", "open", now, {"day": self.today.isoformat(), "is_quiet": True}
                    ),
                ]
            ),
        )
        self._until(lambda: self._count("select count(*) from partition_days") == 8, "go-live")  # noqa: PLR2004 - the embedded partitions
        print("a flood over the whole county")
        flood: Event = {
            "incident": "flood",
            "area": COUNTY,
            "hazard": "flood",
            "severity": "I",
            "first_day": self.today.isoformat(),
        }
        loss: Event = {
            "hazard": "flood",
            "struck_on": self.today.isoformat(),
            "home": "destroyed",
            "is_verified": True,
        }
        self._send(
            "emergency-management",
            iter([self._event("emergency-management", "AreaStruck", "flood", None, flood)]),
        )
        started = time.perf_counter()
        self._send(
            "emergency-management",
            iter([self._event("emergency-management", "DisasterStruck", "loss", 0, loss)]),
        )
        case = (
            self._until(
                lambda: (
                    self._count("select count(*) from cases where register_number = 'B-0'") == 1
                ),
                "the case of one household",
            )
            - started
        )
        hit = (
            "select count(*) from views where body -> 'impacts' @> '[{\"incident\":"
            ' "emergency-management/flood"}]\''
        )
        done = (
            self._until(lambda: self._count(hit) == HOUSEHOLDS, "every household at the desk")
            - started
        )
        query = "select count(*) from notices where event = 'incident'"
        return Figures(
            HOUSEHOLDS,
            TOWNSHIPS,
            round(done, 1),
            self._count("select count(*) from incidents"),
            self._count(query),
            round(case, 1),
        )

    def _register(self) -> Iterator[Event]:
        month = f"{month_before(self.today, 1):%Y-%m}"
        for n in range(HOUSEHOLDS):
            area = f"{COUNTY}{101 + n % TOWNSHIPS}{201 + n // TOWNSHIPS % VILLAGES}"
            entry: Event = {
                "authority": COUNTY,
                "register_number": f"B-{n}",
                "area": area,
                "standing": "ordinary",
                "members": [{"person_ref": f"B-{n}"}],
            }
            yield self._event("statistics", "HouseholdRegistered", f"reg-{n}", n, entry)
            income: Event = {
                "category": "operating",
                "item": "farm",
                "amount": "20000.00",
                "earned_month": month,
                "is_yearly": True,
            }
            yield self._event("statistics", "IncomeReported", f"inc-{n}", n, income)

    def _event(self, agency: str, kind: str, event_id: str, n: int | None, data: Event) -> Event:
        subject = {} if n is None else {"subject": f"{COUNTY}/B-{n}"}
        envelope = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/agencies/{agency}",
            "type": f"foothold.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
        }
        return {**envelope, **subject, "data": data}

    def _send(self, agency: str, events: Iterator[Event]) -> None:
        door = Door(self.stack.ingest_url, self.keys[agency])
        door.send(events)
        door.close()

    def _count(self, question: str) -> int:
        with psycopg.connect(self.stack.postgres.dsn("foothold_alerts")) as connection:
            row = connection.execute(question).fetchone()
            return 0 if row is None else int(row[0])

    @staticmethod
    def _until(is_so: Callable[[], bool], what: str) -> float:
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while not is_so():
            if time.perf_counter() > deadline:
                raise TimeoutError(f"not within {PATIENCE_SECONDS} seconds: {what}")
            time.sleep(0.2)
        return time.perf_counter()


if __name__ == "__main__":
    main()
