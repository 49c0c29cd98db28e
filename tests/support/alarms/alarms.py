"""Breaks on purpose, in a running Foothold, what breaks at night.

Each way leads to the alerts that must report it.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, LiteralString, Self

import httpx
import psycopg
import yaml
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.stack import Ports, Stack
from foothold_alerts.jobs.calendars import work_days
from foothold_alerts.workflows import SHIPPED
from foothold_runtime.attempts import MOST_IN_AN_HOUR
from foothold_schemas.wire.topics import FACT_DISPUTES, agency_card
from tests.faults.ingest_defect import RAISES
from tests.support.made.areas import write_region_policy
from tests.support.running.desk import Caseworker, number_of
from tests.support.running.prometheus import Prometheus
from tests.support.running.sender import BATCH, Sender, eventually

INSTANCES: Final = ("ingest", "risk", "risk-2", "regions", "alerts")
LIMIT: Final = 20
HOMES: Final = 8_000
"""Struck at once while nobody judges: three facts each, more than the 10,000 that may wait, and
more than 1,000 cases."""
AT_ONCE: Final = 500
LAST_KNOWN: Final = max(work_days().years)
"""The last year whose statutory calendar is published."""
START: Final = date(LAST_KNOWN, 6, 10)
DECEMBER: Final = date(LAST_KNOWN, 12, 14)
HOME: Final = "ALARM-1"
AREA: Final = "370399101203"


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Stack, Prometheus]]:
    """A Foothold whose county counts a month of working days, and its Prometheus."""
    write_region_policy(folder / "policy")
    (folder / "workflows").mkdir()
    (folder / "calendars").mkdir()
    ours = yaml.safe_load((SHIPPED / "monitoring-1.yaml").read_text(encoding="utf-8")) | {
        "version": 2
    }
    ours["limits"]["measure"] = {
        "count": 20,
        "unit": "working_days",
        "confidence": "I",
        "reference": "A county of this test.",
    }
    (folder / "workflows" / "monitoring-2.yaml").write_text(
        yaml.safe_dump(ours, allow_unicode=True), encoding="utf-8"
    )
    more = {
        "FOOTHOLD_DEAD_LETTER_LIMIT": str(LIMIT),
        "FOOTHOLD_ALERTS_WORKFLOWS": str(folder / "workflows"),
        "FOOTHOLD_ALERTS_CALENDARS": str(folder / "calendars"),
    }
    replicas, ports = {"risk": 2}, Ports.free()
    more["FOOTHOLD_FOLDERS"] = f"kafka={folder / 'disk'}"
    more["FOOTHOLD_PEERS"] = f"alerts=http://{LOOPBACK}:{ports.alerts_ops}"
    with (
        small_disk(folder / "disk"),
        Stack(
            folder,
            ports,
            day_clock="manual",
            policy_folder=folder / "policy",
            replicas=replicas,
            more=more | {"FOOTHOLD_FOLDERS": f"kafka={folder / 'disk'}"},
        ) as stack,
        Prometheus(stack, folder / "prometheus", INSTANCES) as prometheus,
    ):
        yield stack, prometheus


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of a megabyte in the folder, where one may be mounted.

    Else the folder is like any other.
    """
    folder.mkdir()
    can_mount = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],  # noqa: S607 - the machine's own
            check=False,
            capture_output=True,
        ).returncode
        == 0
    )
    try:
        yield
    finally:
        if can_mount:
            subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - as above


class Breaker:
    """Breaks one thing after another. Use it as a context manager."""

    def __init__(self, stack: Stack, prometheus: Prometheus) -> None:
        self.stack = stack
        self.prometheus = prometheus
        self.sender = Sender(stack)
        self.sender.keys["bank"] = stack.command("ingest", "agency", "add", "bank").splitlines()[0]
        self.caseworker = Caseworker(stack, "caseworker", self.sender.passwords["caseworker"])
        self.other = Caseworker(stack, "duty-officer", self.sender.passwords["duty-officer"])
        self._expect = prometheus.expect
        self._is_over = prometheus.expect_over

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the doors."""
        self.sender.close()
        self.caseworker.client.close()
        self.other.client.close()

    def days_stand_still(self) -> None:
        """The first day is opened, and none after it."""
        self.sender.adopt()
        self.sender.open_day(START)
        self._expect("FootholdDayMissing")
        eventually(lambda: self.prometheus.firing() == {"FootholdDayMissing"}, "nothing else is on")

    def a_bank_is_silent(self) -> None:
        """Policy expects it every month, and it has never spoken."""
        self._register(HOME)
        self.sender.open_day(START + timedelta(days=1))
        self._expect("FootholdFeedSilent")
        self.sender.say(
            "bank",
            "FeedHeard",
            "bank-heard",
            _noon(START),
            None,
            feed="IncomeReported",
            area="370399",
            through_month=f"{LAST_KNOWN}-05",
        )
        self._is_over("FootholdFeedSilent")

    def an_agency_sends_rubbish(self) -> None:
        """One bad record waits in quarantine.

        So many in a row, and its topic is read no further until a person resumes it; some of it is
        gone by then.
        """
        bank = agency_card("bank").name
        self._write(agency_card("statistics").name, b"not an event")
        self._expect("FootholdQuarantineAgeing")
        self._write(bank, *[b"not an event"] * (LIMIT + 5))
        self._expect("FootholdAgencyPaused")
        admin = AdminClient({"bootstrap.servers": self.stack.kafka.bootstrap})
        for done in admin.delete_records([TopicPartition(bank, 0, LIMIT + 3)]).values():
            done.result(30)
        self._expect("FootholdRecordsLost")
        self.stack.command("ingest", "reader", "resume", "bank")
        self._is_over("FootholdAgencyPaused")

    def an_agency_leaves_a_transaction_open(self) -> None:
        """What it writes behind it cannot be read."""
        topic = agency_card("bank").name
        hanging = Producer(
            {"bootstrap.servers": self.stack.kafka.bootstrap, "transactional.id": "bank"}
        )
        hanging.init_transactions(30)
        hanging.begin_transaction()
        hanging.produce(topic, b"not an event")
        hanging.flush(30)
        self._write(topic, b"not an event either")
        self._expect("FootholdAgencyUnread")
        hanging.abort_transaction(30)
        self._is_over("FootholdAgencyUnread")

    def ingest_has_a_defect(self) -> None:
        """Its readers fail at a record, then at so many that it is no longer the records' fault."""
        self.stack.services.pop("ingest").stop()
        self.stack.start_service("ingest", "tests.faults.ingest_defect")
        self.stack.wait_ready()
        income = {
            "category": "wage",
            "item": "salary",
            "amount": "1.00",
            "earned_month": f"{START:%Y-%m}",
        }
        raising = self.sender.event(
            "statistics", "IncomeReported", RAISES, _noon(START), f"370399/{HOME}", **income
        )
        assert self.sender.post("statistics", raising).status_code >= httpx.codes.BAD_REQUEST
        self._expect("FootholdEventsFailing")
        self._write(agency_card("bank").name, RAISES.encode())
        self._expect("FootholdRecordsUnprocessable")
        self._write(agency_card("bank").name, *[RAISES.encode()] * MOST_IN_AN_HOUR)
        self._expect("FootholdProgramAtFault")

    def a_job_stands_still(self) -> None:
        """Somebody has locked a table, and forgotten it.

        Then a file that failed three times is given up.
        """
        with psycopg.connect(self._ingest_database()) as locked:
            locked.execute("lock table doubles in access exclusive mode")
            self._expect("FootholdJobStandsStill")
        self._is_over("FootholdJobStandsStill")
        with psycopg.connect(self._ingest_database(), autocommit=True) as database:
            database.execute(
                "insert into uploads (upload_id, agency, at, as_of, mapping, mapping_text,"
                " file_name, size, is_dry_run, traceparent, status, share, rows_done, counts,"
                " attempts) values ('worn-out', 'bank', now(), now(), 'incomes', '', '', 1, false,"
                " '', 'waiting', 0, 0, '{}', 3)"
            )
        self._expect("FootholdWorkGivenUp")

    def a_writer_is_broken(self) -> None:
        """Write so many records in a row that the desk cannot read that its reader stops.

        That reader of alerts stops until it is started again.
        """
        self._write(FACT_DISPUTES.name, *[b"not a word"] * LIMIT)
        self._expect("FootholdReaderStopped")

    def ingest_is_gone(self) -> None:
        """Started again, and mended, it reads what the defect kept it from."""
        with self._away("ingest"):
            self._expect("FootholdIngestDown")
        self._is_over("FootholdIngestDown", "FootholdProgramAtFault")

    def a_receiver_takes_nothing(self) -> None:
        """An address at which nobody listens, told of what is urgent."""
        self.stack.command(
            "alerts",
            "notify",
            "add",
            "--area",
            "370399",
            "webhook",
            f"http://{LOOPBACK}:{free_port()}/hook",
        )
        storm = {
            "hazard": "storm",
            "struck_on": f"{START}",
            "home": "destroyed",
            "is_verified": True,
        }
        self.sender.say(
            "emergency-management",
            "DisasterStruck",
            "alarm-storm",
            _noon(START),
            f"370399/{HOME}",
            **storm,
        )
        eventually(lambda: number_of(self.stack, HOME, urgent=True), "the case")

    def a_receiver_took_nothing(self) -> None:
        """A minute later at the earliest: what comes within one goes out together."""
        eventually(
            lambda: "FootholdNoticesFailing" in self.prometheus.firing(), "notices fail", 240
        )
        self._expect("FootholdNoticesFailing")

    def help_is_late(self) -> None:
        """A day passes over the relief, and five over the papers of what was paid first."""
        number = self._number()
        (advance,) = self._asked("select relief_id from relief where kind = 'emergency'")
        self._later("update relief set due_at = now() - interval '1 hour' where kind = 'emergency'")
        self._expect("FootholdReliefOverdue")
        self.caseworker.do(number, f"relief/{advance}/decide", amount="3000")
        self.other.do(number, f"relief/{advance}/pay")
        self._is_over("FootholdReliefOverdue")
        self._later("update deadlines set due_at = now() - interval '1 hour' where kind = 'papers'")
        self._expect("FootholdPapersOwed")

    def kafka_hangs(self) -> None:
        """While it does, the desk works on, and what people decide waits."""
        os.kill(_pid(self.stack.kafka.pid), signal.SIGSTOP)
        try:
            self.caseworker.do(self._number(), "steps/take")
            self.caseworker.do(self._number(), "steps/consent")
            self._expect("FootholdDeskUnsent", "FootholdKafkaDown")
        finally:
            os.kill(_pid(self.stack.kafka.pid), signal.SIGCONT)
        self._is_over("FootholdDeskUnsent", "FootholdKafkaDown")

    def one_of_two_brokers_is_gone(self) -> None:
        """Ingest is told of a second one, at which nobody listens."""
        alone = self.stack.kafka.bootstrap
        for addresses in (f"{alone},{LOOPBACK}:{free_port()}", alone):
            self.stack.services.pop("ingest").stop()
            self.stack.told_too("FOOTHOLD_KAFKA_BOOTSTRAP", addresses)
            self.stack.start_service("ingest")
            self.stack.wait_ready()
            if addresses != alone:
                self._expect("FootholdBrokerDown")
        self._is_over("FootholdBrokerDown")

    def the_database_is_gone(self) -> None:
        """It is stopped, and started again."""
        self.stack.postgres.crash()
        try:
            self._expect("FootholdPostgresDown")
        finally:
            self.stack.postgres.start_again()
        self._is_over("FootholdPostgresDown")

    def one_of_two_is_gone(self) -> None:
        """The other goes on judging; the one is missed all the same."""
        with self._away("risk-2"):
            self._expect("FootholdInstanceDown")
        self._is_over("FootholdInstanceDown")

    def a_disk_fills(self) -> None:
        """Where one could be mounted for this; elsewhere nothing is proved."""
        disk = self.stack.folder / "disk"
        if not os.path.ismount(disk):
            print(
                "no disk could be mounted here (it takes root): FootholdDiskFilling was not made to"
                " fire"
            )
            self.prometheus.seen.add("FootholdDiskFilling")
            return
        (disk / "full").write_bytes(b"x" * 960 * 1024)
        self._expect("FootholdDiskFilling")
        (disk / "full").unlink()
        self._is_over("FootholdDiskFilling")

    def strangers_send_half_requests(self) -> None:
        """So many heads without an end that the door lets them go."""
        port = int(self.stack.ingest_url.rsplit(":", 1)[1])
        held = [socket.create_connection((LOOPBACK, port), 5) for _ in range(200)]
        for head in held:
            head.send(b"GET / HTTP/1.1\r\n")
        self._expect("FootholdConnectionsDropped")
        for head in held:
            head.close()

    def the_desks_loop_stands_still(self) -> None:
        """And has errors before: its ops endpoint, on a thread of its own, tells of both."""
        flag = self.stack.folder / "still"
        self.stack.services.pop("alerts").stop()
        os.environ["STILL_FLAG"] = str(flag)
        self.stack.start_service("alerts", "tests.faults.still")
        del os.environ["STILL_FLAG"]
        self.stack.wait_ready()
        seen = (
            'changes(process_start_time_seconds{job="alerts"}[20s]) > 0 and on()'
            ' foothold_loop_errors_total{job="alerts"} == 0'
        )
        eventually(lambda: self.prometheus.query(seen), "Prometheus has seen that it began anew")
        for order, alert in (
            ("errors", "FootholdLoopErrors"),
            ("still", "FootholdLoopStandsStill"),
        ):
            flag.write_text(order, encoding="utf-8")
            self._expect(alert)
        self._is_over("FootholdLoopStandsStill")
        self.stack.services.pop("alerts").stop()
        self.stack.start_service("alerts")
        self.stack.wait_ready()
        self.stack.remember()

    def a_fact_is_doubted(self) -> None:
        """And its sender does not answer."""
        (fact,) = self._asked("select latest->'findings'->0->'facts'->0->>'fact_id' from cases")
        self.caseworker.do(
            self._number(), "disputes", fact=str(fact), doubt="other_amount", note=""
        )
        self._expect("FootholdDoubtsWaiting")

    def two_statements_look_like_one(self) -> None:
        """And their sender does not say whether they are."""
        for name in ("alarm-cost", "alarm-cost-again"):
            cost = {"category": "other", "spent_on": START.isoformat(), "total": "7.00"}
            self.sender.say(
                "statistics", "SpendingReported", name, _noon(START), f"370399/{HOME}", **cost
            )
        self._expect("FootholdQuestionsWaiting")

    def a_person_stands_in_two_households(self) -> None:
        """Until one of the entries is mended."""
        numbered = {"resident_number": "11010519491231002X"}
        for name in ("DOUBT-1", "DOUBT-2"):
            self._entered(name, numbered, 0)
        self._expect("FootholdMembersInDoubt")
        self._entered("DOUBT-2", {"person_ref": "rest"}, 1)
        self._is_over("FootholdMembersInDoubt")

    def the_windows_are_gone(self) -> None:
        """No process of the region windows is there."""
        with self._away("regions"):
            self._expect("FootholdRegionsDown")
        self._is_over("FootholdRegionsDown")

    def a_partition_stands_still(self) -> None:
        """One worker of risk hangs while a day is opened: the windows cannot close theirs."""
        os.kill(_pid(self.stack.services["risk-2"].pid), signal.SIGSTOP)
        try:
            self.sender.say(
                "operator",
                "DayOpened",
                "open-hanging",
                datetime.now(UTC),
                None,
                day=f"{START + timedelta(days=2)}",
            )
            self._expect("FootholdRegionsBehind")
            eventually(
                lambda: self.prometheus.query("foothold_regions_waits_for == 1"),
                "the windows say for which partition they wait",
            )
        finally:
            os.kill(_pid(self.stack.services["risk-2"].pid), signal.SIGCONT)
        self._is_over("FootholdRegionsBehind")

    def the_calendar_is_not_published(self) -> None:
        """Working days are counted into a year nobody has a calendar of.

        Then the county supplies it.
        """
        number = self._number()
        for step in ("verify", "post"):
            self.caseworker.do(number, f"steps/{step}")
        self._opened(DECEMBER)
        for step in ("end_notice", "agree", "identify"):
            self.caseworker.do(number, f"steps/{step}")
        self._expect("FootholdCalendarUnknown")
        year = {
            "year": LAST_KNOWN + 1,
            "reference": "A calendar of this test.",
            "holidays": [date(LAST_KNOWN + 1, 1, 1)],
            "working": [],
        }
        (self.stack.folder / "calendars" / f"{LAST_KNOWN + 1}.yaml").write_text(
            yaml.safe_dump(year), encoding="utf-8"
        )
        with self._away("alerts"):
            self._expect("FootholdDeskDown", "FootholdServiceUnreachable")
        self._is_over("FootholdCalendarUnknown", "FootholdDeskDown", "FootholdServiceUnreachable")

    def everything_comes_at_once_while_nobody_judges(self) -> None:
        """Raise a storm while risk and the desk are away.

        Facts wait to be judged, then transitions wait to become cases, all of them late.
        """
        with self._away("alerts"):
            with self._away("risk", "risk-2"):
                self._expect("FootholdRiskDown")
                self._strike()
            self._expect("FootholdRiskBehind")
            self._is_over("FootholdRiskBehind")
        self._expect("FootholdDeskBehind", "FootholdCasesLate", "FootholdCasesSlow")

    def a_day_after(self) -> None:
        """Another day, on which the windows count the storm."""
        self._opened(DECEMBER + timedelta(days=1))
        eventually(
            lambda: self.prometheus.query("foothold_regions_warnings_total"),
            "the region windows warn",
        )

    def work_goes_on(self, number: int) -> None:
        """Add one more household with a case, and an event that is refused.

        So there is something new to show.
        """
        self._register(f"LATE-{number}")
        storm = {
            "hazard": "storm",
            "struck_on": f"{DECEMBER}",
            "home": "destroyed",
            "is_verified": True,
        }
        agency, kind, name, at, home = (
            "emergency-management",
            "DisasterStruck",
            f"late-{number}",
            _noon(START),
            f"370399/LATE-{number}",
        )
        assert (
            self.sender.post(
                agency, self.sender.event(agency, kind, name, at, home, **storm)
            ).status_code
            == httpx.codes.ACCEPTED
        )
        wrong = self.sender.event(
            agency, kind, f"{name}-wrong", at, home, **storm | {"home": "wet"}
        )
        assert self.sender.post(agency, wrong).status_code == httpx.codes.UNPROCESSABLE_ENTITY

    def _write(self, topic: str, *values: bytes) -> None:
        producer = Producer({"bootstrap.servers": self.stack.kafka.bootstrap})
        for value in values:
            producer.produce(topic, value, partition=0)
        assert producer.flush(30) == 0

    def _ingest_database(self) -> str:
        return self.stack.postgres.url("foothold_ingest").replace("+psycopg", "")

    def _strike(self) -> None:
        day = self._asked("select max(day) from partition_days")[0]
        for start in range(0, HOMES, AT_ONCE):
            names = [f"STORM-{n}" for n in range(start, start + AT_ONCE)]
            homes = [event for name in names for event in self._poor_home(name)]
            storm = {
                "hazard": "storm",
                "struck_on": f"{day}",
                "home": "destroyed",
                "is_verified": True,
            }
            struck = [
                self.sender.event(
                    "emergency-management",
                    "DisasterStruck",
                    f"storm-{name}",
                    _noon(START),
                    f"370399/{name}",
                    **storm,
                )
                for name in names
            ]
            for agency, events in (("statistics", homes), ("emergency-management", struck)):
                assert self.sender.post(agency, events, BATCH).status_code == httpx.codes.ACCEPTED

    def _register(self, name: str) -> None:
        assert (
            self.sender.post("statistics", self._poor_home(name), BATCH).status_code
            == httpx.codes.ACCEPTED
        )

    def _poor_home(self, name: str) -> list[dict[str, object]]:
        """Registered, with an income below the line."""
        entry = {
            "authority": "370399",
            "register_number": name,
            "area": AREA,
            "standing": "ex_poor",
            "members": [{"person_ref": name}],
        }
        income = {
            "category": "operating",
            "item": "orchard",
            "amount": "5000.00",
            "earned_month": f"{LAST_KNOWN}-05",
            "is_yearly": True,
        }
        facts = (("HouseholdRegistered", entry), ("IncomeReported", income))
        return [
            self.sender.event(
                "statistics", kind, f"{kind}-{name}", _noon(START), f"370399/{name}", **data
            )
            for kind, data in facts
        ]

    def _entered(self, name: str, member: dict[str, str], minutes: int) -> None:
        entry = {
            "authority": "370399",
            "register_number": name,
            "area": AREA,
            "standing": "ordinary",
            "members": [member],
        }
        at = _noon(START) + timedelta(minutes=minutes)
        self.sender.say(
            "statistics", "HouseholdRegistered", f"{name}-{minutes}", at, f"370399/{name}", **entry
        )

    def _opened(self, day: date) -> None:
        self.sender.open_day(day)
        eventually(
            lambda: self._asked("select min(day) from partition_days") == [day],
            "the desk's day has come",
        )

    @contextmanager
    def _away(self, *names: str) -> Iterator[None]:
        for name in names:
            self.stack.services.pop(name).stop()
        try:
            yield
        finally:
            for name in names:
                self.stack.start_service(name)
            self.stack.wait_ready()
            self.stack.remember()

    def _number(self) -> int:
        number = number_of(self.stack, HOME)
        assert number is not None
        return number

    def _later(self, moves: LiteralString) -> None:
        """Time passes over what is due."""
        with psycopg.connect(self.stack.postgres.dsn("foothold_alerts")) as connection:
            connection.execute(moves)

    def _asked(self, question: LiteralString) -> list[object]:
        with psycopg.connect(self.stack.postgres.dsn("foothold_alerts")) as connection:
            return [row[0] for row in connection.execute(question)]


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def _pid(pid: int | None) -> int:
    assert pid is not None
    return pid
