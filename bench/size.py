"""Part of `make bench`: what a household, a fact and a case take, in memory and on disk.

Measured in this run; the figures go to var/bench-size.json.

Synthetic households, each with a register entry, twelve months of income and five bills; every
tenth loses its home and becomes a case.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg

from bench.path import metrics, settled
from bench.stack import running, tell, wiped
from deploy.local.stack import SERVICES, Stack
from deploy.local.welcome import access
from foothold_schemas.wire.topics import (
    HOUSEHOLD_FACTS,
    HOUSEHOLD_STATE,
    HOUSEHOLD_VIEWS,
    RISK_TRANSITIONS,
)
from simulator.county import COUNTY, SHANGHAI, Event, month_before, operator_event
from simulator.demo import write_policy
from simulator.door import Door

FOLDER: Final = Path("var/bench")
FIGURES: Final = Path("var/bench-size.json")
HOUSEHOLDS: Final = 5_000
MONTHS: Final = 12
BILLS: Final = 5
STRUCK_EVERY: Final = 10
ALONE: Final = 400
MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """Memory in MB (resident) before anything came and after all of it.

    Bytes on disk, Kafka's as it compresses them, PostgreSQL's with indexes.
    """

    households: int
    facts: int
    cases: int
    memory_before: dict[str, int]
    memory_after: dict[str, int]
    risk_bytes_a_household: int
    log_bytes_a_fact: int
    log_bytes_a_fact_alone: int
    state_bytes_a_household: int
    transitions_bytes: int
    views_bytes: int
    desk_bytes_a_case: int
    ingest_bytes_a_household: int


def main() -> None:
    """Start everything, load, measure, stop."""
    policy = write_policy(wiped(FOLDER) / "policy", "0.40")
    with running(FOLDER, policy) as stack:
        figures = Sizes(stack, policy).run()
    tell(figures, FIGURES)


class Sizes:
    """One load on one running stack."""

    def __init__(self, stack: Stack, policy: Path) -> None:
        self.stack = stack
        self.keys = {name.removeprefix("key:"): key for name, key in access(stack).items()}
        self.today = datetime.now(SHANGHAI).date()
        self.bundle = stack.command("risk", "policy", "check", str(policy)).split()[0]

    def run(self) -> Figures:
        """Everything at once, then what it takes."""
        memory, disk = self._memory(), self._databases()
        now = datetime.now(UTC)
        operator = Door(self.stack.ingest_url, self.keys["operator"])
        operator.send(
            [
                operator_event("PolicyAdopted", "adopt", now, {"bundle": self.bundle}),
                operator_event("DayOpened", "open", now, {"day": f"{self.today}"}),
            ]
        )
        operator.close()
        facts = HOUSEHOLDS * (1 + MONTHS + BILLS) + HOUSEHOLDS // STRUCK_EVERY
        print(f"{facts:,} facts of {HOUSEHOLDS:,} households")
        senders = [
            threading.Thread(target=self._send, args=(agency,))
            for agency in ("statistics", "health-insurance", "emergency-management")
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        settled(self.stack)
        after, bigger, cases = self._memory(), self._databases(), self._cases()
        logged = self._topic(HOUSEHOLD_FACTS.name)
        return Figures(
            HOUSEHOLDS,
            facts,
            cases,
            {name: size // MB for name, size in memory.items()},
            {name: size // MB for name, size in after.items()},
            (after["risk"] - memory["risk"]) // HOUSEHOLDS,
            logged // facts,
            self._alone(logged),
            self._topic(HOUSEHOLD_STATE.name) // HOUSEHOLDS,
            self._topic(RISK_TRANSITIONS.name),
            self._topic(HOUSEHOLD_VIEWS.name),
            (bigger["foothold_alerts"] - disk["foothold_alerts"]) // max(cases, 1),
            (bigger["foothold_ingest"] - disk["foothold_ingest"]) // HOUSEHOLDS,
        )

    def _alone(self, logged: int) -> int:
        """Return what a fact takes that comes in a request of its own.

        It has nothing alike beside it to be compressed with.
        """
        door = Door(self.stack.ingest_url, self.keys["health-insurance"])
        for n in range(ALONE):
            bill = {
                "claim_number": f"alone-{n}",
                "settled_on": f"{self.today}",
                "setting": "outpatient",
                "total": f"{n}.{n % 90 + 10}",
            }
            door.send([self._event("health-insurance", "MedicalClaimSettled", n, BILLS, bill)])
        door.close()
        settled(self.stack)
        return (self._topic(HOUSEHOLD_FACTS.name) - logged) // ALONE

    def _send(self, agency: str) -> None:
        door = Door(self.stack.ingest_url, self.keys[agency])
        door.send(self._events(agency))
        door.close()

    def _events(self, agency: str) -> Iterator[Event]:
        for n in range(HOUSEHOLDS):
            match agency:
                case "statistics":
                    member = [{"person_ref": f"p{n}-{m}"} for m in range(3)]
                    entry = {
                        "authority": COUNTY,
                        "register_number": f"S{n}",
                        "area": f"{COUNTY}{101 + n % 20}{201 + n % 25}",
                        "standing": "ordinary",
                    }
                    yield self._event(
                        agency, "HouseholdRegistered", n, 0, entry | {"members": member}
                    )
                    for m in range(1, MONTHS + 1):
                        income = {
                            "category": "wage",
                            "item": "factory",
                            "amount": "2500.00",
                            "earned_month": f"{month_before(self.today, m):%Y-%m}",
                        }
                        yield self._event(agency, "IncomeReported", n, m, income)
                case "health-insurance":
                    for m in range(BILLS):
                        day = self.today - timedelta(days=20 * m + 1)
                        bill = {
                            "claim_number": f"b{n}-{m}",
                            "settled_on": f"{day}",
                            "setting": "outpatient",
                            "total": "120.00",
                        }
                        yield self._event(agency, "MedicalClaimSettled", n, m, bill)
                case _ if n % STRUCK_EVERY == 0:
                    struck = {
                        "hazard": "storm",
                        "struck_on": f"{self.today}",
                        "home": "destroyed",
                        "is_verified": True,
                    }
                    yield self._event(agency, "DisasterStruck", n, 0, struck)

    def _event(
        self, agency: str, kind: str, household: int, number: int, data: Mapping[str, object]
    ) -> Event:
        return {
            "specversion": "1.0",
            "id": f"{kind}-{household}-{number}",
            "source": f"/agencies/{agency}",
            "type": f"foothold.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
            "subject": f"{COUNTY}/S{household}",
            "data": data,
        }

    def _memory(self) -> dict[str, int]:
        sizes = {}
        for name in SERVICES:
            size = re.search(
                r"^process_resident_memory_bytes (\S+)$", metrics(self.stack, name), re.MULTILINE
            )
            sizes[name] = int(float(size[1])) if size is not None else 0
        return sizes

    def _databases(self) -> dict[str, int]:
        with psycopg.connect(
            self.stack.postgres.dsn("foothold_alerts"), autocommit=True
        ) as connection:
            return dict(
                connection.execute(
                    "select datname, pg_database_size(datname) from pg_database where datname like"
                    " 'foothold%'"
                ).fetchall()
            )

    def _cases(self) -> int:
        with psycopg.connect(self.stack.postgres.dsn("foothold_alerts")) as connection:
            row = connection.execute("select count(*) from cases").fetchone()
            return 0 if row is None else int(row[0])

    def _topic(self, name: str) -> int:
        return sum(
            file.stat().st_size
            for file in (self.stack.folder / "kafka" / "log").glob(f"{name}-*/*.log")
        )


if __name__ == "__main__":
    main()
