"""What agencies and the register write of one household: money, needs, bills, entries.

One way, the other way, and again.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import Hazard, HomeState, WorkerState
from foothold_schemas.facts.register import HouseholdRegistered, Member
from foothold_schemas.facts.reports import Concern
from foothold_schemas.values import Standing
from tests.support.made.build import (
    AREA,
    OPEN_DAY,
    amending,
    checked,
    claim,
    disaster,
    graded,
    identity,
    income,
    record,
    reported,
    retracted,
    spending,
)

ELSEWHERE = "110101001001"
YEARLY = ("6000.00", "7000.00", "7299.99", "7300.00", "7600.00", "8700.00", "30000.00", "90000.00")
BILLS = ("300.00", "2500.00", "4999.00", "6500.00", "11000.00", "21000.00", "30000.00")
BY_PEOPLE = (
    "CaseDecided",
    "FindingExempted",
    "MeasureDelivered",
    "HouseholdRegistered",
    "MembershipDisputed",
    "FactsRetracted",
)


@dataclass
class Agencies:
    """`came`: what was written. `to_come`: what is written already for a later day."""

    chance: random.Random
    came: list[FactRecord] = field(default_factory=list)
    to_come: dict[date, list[FactRecord]] = field(default_factory=dict)
    count: int = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind} {self.count}".replace(" ", "-")

    def year(self, amount: str, number: str | None = None) -> FactRecord:
        """The year's income, as its one source says it."""
        return income(
            amount,
            self.name("year"),
            month="2026-05",
            category="operating",
            item="farm",
            number=number,
        )

    def _at(self, fact: FactRecord, day: date, n: int) -> FactRecord:
        """Told on the day.

        A version may bear the time of the one before it, and only its place says which is later.
        """
        moment = datetime.combine(day, time(4), UTC) + timedelta(seconds=self.count, microseconds=n)
        same = next((f for f in reversed(self.came) if f.data.kind == fact.data.kind), None)
        stated = same.time if same is not None and self.chance.random() < 0.1 else moment
        return fact.model_copy(
            update={"time": stated, "recorded_time": moment, "place": (self.count, n)}
        )

    def money(self, day: date) -> list[FactRecord]:
        """An income: a correction by id, another version, or more of it.

        Another version goes by its source or its number.
        """
        chance, amount = self.chance, self.chance.choice(YEARLY)
        old = [
            f.id for f in self.came if f.data.kind == "IncomeReported" and f.id.startswith("year")
        ]
        match chance.randrange(5):
            case 0:
                return [amending(self.year(amount, number="S1"), *old[-2:])]
            case 1:
                return [self.year(amount)]
            case 2:
                return [self.year(amount, number="S1")]
            case 3:
                item = chance.choice(("Bonus", "bonus", "gift"))
                return [
                    income(
                        chance.choice(("900.00", "20000.00")),
                        self.name("bonus"),
                        month=chance.choice(("2025-11", "2026-05")),
                        yearly=False,
                        item=item,
                    )
                ]
            case _:
                last = f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"
                return [
                    income(
                        chance.choice(("0.00", "500.00")),
                        self.name("wage"),
                        month=last,
                        yearly=False,
                        person_ref="p0",
                        item="monthly",
                    )
                ]

    def needs(self, day: date) -> list[FactRecord]:
        """A disaster, a check, a review, or a call for help."""
        chance = self.chance
        match chance.randrange(7):
            case 0 | 1:
                struck = chance.choice((day, day, OPEN_DAY, day - timedelta(days=1)))
                loss = (
                    {"loss": chance.choice(("500.00", "3000.00"))} if chance.random() < 0.4 else {}
                )
                home, worker = (
                    chance.choice(list(HomeState)),
                    chance.choice((*[WorkerState.UNHURT] * 5, WorkerState.DISABLED)),
                )
                storm = disaster(
                    self.name("storm"),
                    day=struck,
                    home=home,
                    main_worker=worker,
                    is_verified=chance.random() < 0.85,
                    **loss,
                )
                hazard = chance.choice((Hazard.STORM, Hazard.STORM, Hazard.FIRE))
                agency = chance.choice(("emergency-management", "emergency-management", "bureau"))
                return [
                    storm.model_copy(
                        update={
                            "agency": agency,
                            "data": storm.data.model_copy(update={"hazard": hazard}),
                        }
                    )
                ]
            case 2 | 3 | 4:
                guarantee = chance.choice((Guarantee.HOUSING, Guarantee.WATER))
                return [
                    checked(
                        guarantee,
                        self.name("check"),
                        is_met=chance.random() < 0.5,
                        day=chance.choice((day, day, day - timedelta(days=3))),
                    )
                ]
            case 5:
                later = day + timedelta(days=chance.choice((1, 6, 20)))
                self.to_come.setdefault(later, []).append(
                    graded(chance.choice((Grade.C, Grade.D)), self.name("review"), day=later)
                )
                return [
                    graded(
                        chance.choice((Grade.A, Grade.B, Grade.C)),
                        self.name("review"),
                        day=chance.choice((day, OPEN_DAY)),
                    )
                ]
            case _:
                return [
                    reported(
                        chance.choice((Concern.ILLNESS, Concern.HOUSING)),
                        self.name("report"),
                        day=chance.choice((day, OPEN_DAY)),
                    )
                ]

    def bills(self, day: date) -> list[FactRecord]:
        """A bill or cost: another one, another version of one, or a stay that two senders bill."""
        chance, amount = self.chance, self.chance.choice(BILLS)
        on = chance.choice((day, day, day - timedelta(days=40), date(2025, 8, 1)))
        match chance.randrange(6):
            case 0 | 1:
                who, setting = (
                    chance.choice((None, "p0")),
                    chance.choice(("inpatient", "outpatient")),
                )
                return [
                    claim(
                        amount,
                        self.name("bill"),
                        day=on,
                        person_ref=who,
                        setting=setting,
                        paid=chance.choice(("0", "300.00")),
                    )
                ]
            case 2:
                number = chance.choice(("N1", "N1", "N2", "N3"))
                bill = self._renamed(claim(amount, number, day=on, person_ref="p0"), "version")
                return [self._amending_one_of(bill, "MedicalClaimSettled")]
            case 3:
                total = chance.choice(("12000.00", "25000.00"))
                bill = claim(
                    total,
                    self.name("stay"),
                    day=on,
                    stay="H9",
                    person_ref="p0",
                    paid=chance.choice(("0", total)),
                )
                return [bill.model_copy(update={"agency": chance.choice(("hospital", "bureau"))})]
            case 4:
                cost = spending(
                    chance.choice(("900.00", "12000.00")),
                    self.name("cost"),
                    day=on,
                    category=chance.choice(("education", "accident")),
                )
                return [self._amending_one_of(cost, "SpendingReported")]
            case _:
                return [
                    spending(amount, self.name("cost"), day=on, category="education", number="E1")
                ]

    def _amending_one_of(self, fact: FactRecord, kind: str) -> FactRecord:
        """Now and then it puts right one that came before, also its number."""
        before = [f.id for f in self.came if f.data.kind == kind]
        is_amending = bool(before) and self.chance.random() < 0.25
        return amending(fact, self.chance.choice(before[-2:])) if is_amending else fact

    def waver(self, day: date) -> list[FactRecord]:
        """A check, the year's income or a bill that is said one way and the other by turns.

        Mostly within days, sometimes just beyond thirty.
        """
        chance, on, facts = self.chance, day, list[FactRecord]()
        what, low, high, before = (
            chance.choice(("check", "year", "version")),
            chance.choice(YEARLY[:3]),
            chance.choice(YEARLY[4:]),
            "",
        )
        for n in range(chance.choice((2, 3, 4, 6))):
            if what == "check":
                fact = checked(Guarantee.HOUSING, self.name("check"), is_met=n % 2 == 1, day=on)
            elif what == "year":
                fact = self.year((low, high)[n % 2], number="S1")
                fact, before = (
                    (amending(fact, before) if before and chance.random() < 0.5 else fact),
                    fact.id,
                )
            else:
                fact = self._renamed(
                    claim(("26000.00", "300.00")[n % 2], "N1", day=day, person_ref="p0"), "version"
                )
            if n == 0:
                facts.append(fact)
            else:
                self.to_come.setdefault(on, []).append(fact)
            on += timedelta(days=chance.choice((1, 1, 2, 3, 5, 8, 29, 30, 31)))
        return facts

    def cause(self, day: date, causes: frozenset[str]) -> list[FactRecord]:
        """What people declared eliminated comes again."""
        if causes & {"disaster_loss"}:
            return [
                disaster(
                    self.name("storm"),
                    day=day,
                    home=self.chance.choice((HomeState.BADLY_DAMAGED, HomeState.DESTROYED)),
                )
            ]
        if causes & {"guarantee_missing"}:
            return [checked(Guarantee.HOUSING, self.name("check"), is_met=False, day=day)]
        return [
            claim(
                self.chance.choice(("26000.00", "90000.00")),
                self.name("bill"),
                day=day,
                person_ref="p0",
            )
        ]

    def late(self, left: date) -> list[FactRecord]:
        """What would have kept it in its group, had it been known on the day it left."""
        if self.chance.random() < 0.5:
            return [
                claim("60000.00", self.name("late"), day=left - timedelta(days=1), person_ref="p0")
            ]
        return [self.year("5000.00"), disaster(self.name("late"), day=left - timedelta(days=2))]

    def again(self, _day: date) -> list[FactRecord]:
        """Something said before, under another id; or something taken back."""
        statements = [f for f in self.came if f.data.kind not in BY_PEOPLE]
        fact = self.chance.choice(statements)
        if self.chance.random() < 0.4:
            return [retracted(fact.id, name=self.name("retraction"))]
        return [self._renamed(fact, "again").model_copy(update={"withdraws": ()})]

    def _renamed(self, fact: FactRecord, kind: str) -> FactRecord:
        name = self.name(kind)
        return fact.model_copy(update={"id": name, "fact_id": identity(name)})

    def register(self, day: date) -> list[FactRecord]:
        """Another entry: all dead, another standing, fewer people, elsewhere.

        Sometimes a slip that is mended; sometimes nothing changed.
        """
        chance, entry = self.chance, self._entry()
        dead = tuple(
            m.model_copy(update={"left_on": day - timedelta(days=1)}) for m in entry.members
        )
        standing = Standing.ORDINARY if entry.standing is Standing.EX_POOR else Standing.EX_POOR
        more = (*entry.members, Member(person_ref=self.name("new")))
        change = chance.choice(
            (
                {"members": dead},
                {"members": dead},
                {"standing": standing},
                {"area": ELSEWHERE},
                {"members": more},
                {},
            )
        )
        if chance.random() < 0.7 or "area" in change or change.get("members") is dead:
            back = day + timedelta(days=chance.choice((0, 1, 3, 13, 14, 15, 20)))
            wrong = self._registered(entry.model_copy(update=change))
            mended = (
                retracted(wrong.id, name=self.name("retraction"))
                if chance.random() < 0.3
                else self._registered(entry)
            )
            self.to_come.setdefault(back if back > day else day + timedelta(days=1), []).append(
                mended
            )
            return [wrong]
        return [self._registered(entry.model_copy(update=change))]

    def _entry(self) -> HouseholdRegistered:
        entry = [
            f.data
            for f in self.came
            if isinstance(f.data, HouseholdRegistered)
            and f.data.area == AREA
            and all(m.left_on is None for m in f.data.members)
        ][-1]
        assert isinstance(entry, HouseholdRegistered)
        return entry

    def _registered(self, entry: HouseholdRegistered) -> FactRecord:
        return record(entry, self.name("entry"))
