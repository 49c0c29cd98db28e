"""Measures how fast ingest takes events and files: `make bench-doors`.

People are named by number and without. Figures of this run go to var/bench-doors.json.

Reading, judging and Kafka share the machine with risk and alerts, as they do in a county that
starts small.
"""

import asyncio
import csv
import io
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
from openpyxl import Workbook
from prometheus_client import CollectorRegistry

from bench.stack import running, tell, wiped
from deploy.local.stack import Stack
from deploy.local.welcome import access
from foothold_ingest.log.writer import Publisher, fact_line
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.people.resident_number import check_character
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeCategory, IncomeReported
from foothold_schemas.values import Fen
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS
from simulator.county import COUNTY, SHANGHAI, Event, month_before
from simulator.door import Door

FOLDER: Final = Path("var/bench-doors")
FIGURES: Final = Path("var/bench-doors.json")
PEOPLE: Final = 5_000
EVENTS: Final = 40_000
ROWS: Final = 200_000
SENDERS: Final = 2
FILE_SECONDS_TARGET: Final = 120


@dataclass(frozen=True, slots=True)
class Figures:
    """Events a second over HTTP in batches of 500.

    The same facts written by the same client without HTTP; seconds for a file of 200,000 rows.
    """

    by_subject_per_second: float
    by_number_per_second: float
    without_http_per_second: float
    number_to_subject: float
    http_to_producer: float
    csv_seconds: float
    csv_rows_per_second: float
    xlsx_seconds: float
    counts: dict[str, int]


def numbers() -> list[str]:
    """Made-up resident numbers that pass their check."""
    stems = (
        f"370302{1950 + n // 900 % 50}0{1 + n // 100 % 9}{10 + n // 50 % 2}{n % 1000:03d}"
        for n in range(PEOPLE * 4)
    )
    return [seventeen + check_character(seventeen) for seventeen in dict.fromkeys(stems)][:PEOPLE]


def main() -> None:
    """Start everything, measure, stop."""
    with running(wiped(FOLDER)) as stack:
        figures = Bench(stack).run()
    tell(figures, FIGURES)
    print(
        f"200,000 rows: CSV {figures.csv_seconds} s, XLSX {figures.xlsx_seconds} s, target"
        f" {FILE_SECONDS_TARGET} s"
    )


class Bench:
    """Measurements on one running stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.key = access(stack)["key:statistics"]
        self.people = numbers()
        self.now = datetime.now(UTC)
        self.month = f"{month_before(datetime.now(SHANGHAI).date(), 1):%Y-%m}"

    def run(self) -> Figures:
        """Register, then each way in turn."""
        door = Door(self.stack.ingest_url, self.key)
        door.send([self._household(n) for n in range(len(self.people))])
        door.close()
        by_subject = self._flood("subject", lambda n: ({}, f"{COUNTY}/B{n % PEOPLE}"))
        by_number = self._flood(
            "number", lambda n: ({"resident_number": self.people[n % PEOPLE]}, None)
        )
        direct = asyncio.run(self._produce())
        csv_seconds, counts = self._file(self._csv())
        xlsx_seconds, _ = self._file(self._xlsx())
        ratios = round(by_number / by_subject, 2), round(by_subject / direct, 3)
        rates = round(by_subject), round(by_number), round(direct)
        return Figures(
            *rates, *ratios, csv_seconds, round(ROWS / csv_seconds), xlsx_seconds, counts
        )

    def _event(self, kind: str, name: str, data: Event, subject: str | None) -> Event:
        envelope: Event = {
            "specversion": "1.0",
            "id": name,
            "source": "/agencies/statistics",
            "type": f"foothold.{kind}.v1",
            "time": self.now.isoformat(),
            "data": data,
        }
        return envelope if subject is None else {**envelope, "subject": subject}

    def _household(self, n: int) -> Event:
        members = [{"resident_number": self.people[n]}]
        data: Event = {
            "authority": COUNTY,
            "register_number": f"B{n}",
            "area": f"{COUNTY}101201",
            "standing": "ordinary",
            "members": members,
        }
        return self._event("HouseholdRegistered", f"bench-reg-{n}", data, f"{COUNTY}/B{n}")

    def _flood(self, name: str, whose: Callable[[int], tuple[Event, str | None]]) -> float:
        events = []
        for n in range(EVENTS):
            more, subject = whose(n)
            data = {
                "category": "wage",
                "item": "day-work",
                "amount": "0.01",
                "earned_month": self.month,
                **more,
            }
            events.append(self._event("IncomeReported", f"bench-{name}-{n}", data, subject))
        share = EVENTS // SENDERS
        threads = [
            threading.Thread(target=self._send, args=(events[k * share : (k + 1) * share],))
            for k in range(SENDERS)
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = EVENTS / (time.perf_counter() - started)
        print(f"{name}: {rate:,.0f} events a second")
        return rate

    def _send(self, events: Sequence[Event]) -> None:
        door = Door(self.stack.ingest_url, self.key)
        door.send(events)
        door.close()

    async def _produce(self) -> float:
        """The facts of households that do not exist, so that they wake nobody.

        Encoded here, as ingest encodes them.
        """
        data = IncomeReported(
            category=IncomeCategory.WAGE, item="day-work", amount=Fen(1), earned_month=self.month
        )
        moments = {"time": self.now, "recorded_time": self.now}
        publisher = Publisher(
            broker=self.stack.kafka.broker,
            instance="bench",
            partitions=EMBEDDED_PARTITIONS,
            max_in_flight=EVENTS,
            send_seconds=60,
            metrics=Metrics(CollectorRegistry()),
        )
        await publisher.start()
        started = time.perf_counter()
        for first in range(0, EVENTS, 500):
            named = [(f"{n:032x}", f"{n % PEOPLE:032x}") for n in range(first, first + 500)]
            records = [
                FactRecord(
                    fact_id=i,
                    household_id=home,
                    agency="bench",
                    source="/bench",
                    id=i,
                    data=data,
                    **moments,
                )
                for i, home in named
            ]
            await publisher.deliver([fact_line(record) for record in records])
        rate = EVENTS / (time.perf_counter() - started)
        await publisher.stop()
        print(f"without HTTP: {rate:,.0f} facts a second")
        return rate

    def _rows(self) -> list[list[str]]:
        header = ["身份证号", "收入类别", "项目", "金额", "所属月份", "姓名"]
        return [
            header,
            *(
                [
                    self.people[n % PEOPLE],
                    "工资性",
                    "day-work",
                    f"{n // PEOPLE}.01",
                    self.month,
                    "王某",
                ]
                for n in range(ROWS)
            ),
        ]

    def _csv(self) -> bytes:
        held = io.StringIO()
        csv.writer(held).writerows(self._rows())
        return held.getvalue().encode("gb18030")

    def _xlsx(self) -> bytes:
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in self._rows():
            sheet.append(row)
        held = io.BytesIO()
        book.save(held)
        return held.getvalue()

    def _file(self, body: bytes) -> tuple[float, dict[str, int]]:
        client = httpx.Client(
            base_url=self.stack.ingest_url,
            timeout=120,
            headers={"authorization": f"Bearer {self.key}"},
        )
        started = time.perf_counter()
        answer = client.post("/v1/files?mapping=incomes", content=body).raise_for_status()
        while True:
            result = client.get(answer.json()["url"]).raise_for_status().json()
            if result["finished_at"] is not None:
                break
            time.sleep(0.5)
        seconds = round(time.perf_counter() - started, 1)
        print(
            f"{len(body) / 1e6:.1f} MB, {result['encoding']}: {seconds} s, {result['counts']},"
            f" {result['problem'] or ''}"
        )
        counts: dict[str, int] = result["counts"]
        client.close()
        return seconds, counts


if __name__ == "__main__":
    main()
