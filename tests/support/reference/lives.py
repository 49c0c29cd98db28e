"""Random lives: what agencies and people write of one household, day by day.

People act on where it stands, as they would at the desk.

A life follows from its seed. Policy's periods of leaving are a month each, so that whole stories
fit into a few months.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.facts.decisions import (
    CaseDecided,
    Decision,
    FindingExempted,
    HarmlessReason,
    MeasureDelivered,
    MeasureKind,
)
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HouseholdFact
from foothold_schemas.facts.register import Member, ProjectShare, TicketState
from foothold_schemas.facts.reports import RiskReported
from foothold_schemas.facts.saw import Saw, SeenEvent
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen, Standing
from tests.support.made.build import (
    OPEN_DAY,
    checked,
    claim,
    in_doubt,
    income,
    record,
    registered,
)
from tests.support.reference.lives_agencies import YEARLY, Agencies
from tests.support.reference.stand import Stand


@dataclass
class Writing(Agencies):
    """What is written of a household. `page`: what the desk showed last."""

    page: tuple[Saw, ...] = ()
    under_way: dict[date, list[FactRecord]] = field(default_factory=dict)
    """What was written and arrives later."""
    pace: float = 0.3
    """On how many days something comes of itself."""

    def begin(self) -> list[FactRecord]:
        """Who belongs to it, and what it had in the year before."""
        chance = self.chance
        self.pace = chance.choice((0.05, 0.15, 0.3, 0.4))
        standing = chance.choice(list(Standing))
        can_work = chance.random() < 0.85
        members = [
            Member(person_ref=f"p{n}", can_work=can_work)
            for n in range(chance.choice((1, 1, 1, 2)))
        ]
        if chance.random() < 0.1:
            members.append(
                Member(
                    person_ref="child",
                    birth_month="2016-03",
                    at_school=chance.choice((True, False)),
                    is_insured=chance.choice((None, False)),
                )
            )
        shares = (
            [ProjectShare(project="orchard", invested=Fen(1_000_000), invested_on=date(2024, 1, 1))]
            if chance.random() < 0.1
            else []
        )
        if shares and chance.random() < 0.5:
            later = date(2025, chance.choice((6, 7)), 1)
            shares.append(ProjectShare(project="pasture", invested=Fen(500_000), invested_on=later))
        entry = registered(members, standing=standing, projects=shares)
        facts = [entry, self.year(chance.choice(YEARLY))]
        if shares and chance.random() < 0.7:
            paid = chance.choice(("500.00", "650.00", "700.00"))
            facts.append(
                income(
                    paid,
                    "dividend",
                    month="2025-12",
                    yearly=False,
                    category="property",
                    item="dividend",
                    project="orchard",
                )
            )
        if chance.random() < 0.2:
            facts.append(
                income(
                    chance.choice(YEARLY),
                    "year-before",
                    month="2025-05",
                    category="operating",
                    item="farm",
                )
            )
        if chance.random() < 0.2:
            facts += [
                income(
                    "500.00",
                    f"earlier-{n}",
                    month=f"2026-0{n}",
                    yearly=False,
                    person_ref="p0",
                    item="monthly",
                )
                for n in range(1, 6 - chance.choice((0, 2, 3)))
            ]
        if chance.random() < 0.2:
            facts[1] = self.year("7000.00")
            self._helped()
        self.came += facts
        return facts

    def _helped(self) -> None:
        """A household that is found, helped and left alone, so that it clears.

        It is identified or not, and its risk can be declared eliminated.
        """
        chance, self.pace = self.chance, 0.02
        on = [OPEN_DAY + timedelta(days=n) for n in (1, 2, 4, 7)]
        unmet = checked(Guarantee.HOUSING, self.name("check"), is_met=False, day=on[0])
        bill = claim(
            "26000.00",
            self.name("bill"),
            day=date(2025, 6, 25),
            person_ref="p0",
            setting=chance.choice(("inpatient", "outpatient")),
        )
        kinds = tuple(FindingKind)
        measure = record(
            MeasureDelivered(measure=MeasureKind.COMPREHENSIVE, against=kinds, delivered_on=on[2]),
            self.name("measure"),
        )
        self.to_come[on[0]] = [unmet] if chance.random() < 0.5 else [bill]
        if chance.random() < 0.7:
            self.to_come[on[1]] = [self.decision(Decision.IDENTIFIED, on[1])]
        self.to_come[on[2]] = [
            measure,
            *(checked(g, self.name("check"), is_met=True, day=on[2]) for g in Guarantee),
        ]
        self.to_come[on[3]] = [
            income("95000.00", self.name("bonus"), month="2026-05", yearly=False, item="gift")
        ]

    @property
    def days(self) -> int:
        """How long it is watched."""
        return self.chance.choice((20, 40, 60, 120)) if self.pace > 0.02 else 130

    def of(self, day: date, stand: Stand) -> list[FactRecord]:
        """What comes on a day."""
        facts = self.to_come.pop(day, [])
        is_waited_for = stand.is_due or stand.left is not None or stand.eliminated_from
        if self.chance.random() < self.pace or (is_waited_for and self.chance.random() < 0.12):
            facts = [*facts, *self.something(day, stand)]
        stamped = [self._at(f, day, n) for n, f in enumerate(facts)]
        self.came += stamped
        return self._on_its_way(stamped, day)

    def _on_its_way(self, stamped: list[FactRecord], day: date) -> list[FactRecord]:
        """What arrives on the day, in any order; a report now and then only days later."""
        chance = self.chance
        arriving = self.under_way.pop(day, [])
        for fact in stamped:
            is_late = isinstance(fact.data, RiskReported) and chance.random() < 0.3
            later = day + timedelta(days=chance.choice((1, 3, 9)))
            (self.under_way.setdefault(later, []) if is_late else arriving).append(fact)
        if chance.random() < 0.3:
            chance.shuffle(arriving)
        return arriving

    def something(self, day: date, stand: Stand) -> list[FactRecord]:
        """Money, needs, the register, or people: more often what fits."""
        chance = self.chance
        if stand.is_due and chance.random() < 0.9:
            return [self.decision(Decision.ELIMINATED, day)]
        if stand.left is not None and chance.random() < 0.25:
            return self.late(stand.left)
        if stand.at in ("group", "recovering") and stand.identified and chance.random() < 0.5:
            return self.help(day, stand)
        if stand.at in ("group", "recovering", "lead") and chance.random() < 0.35:
            return [self.word(day, stand)]
        if stand.eliminated_from and chance.random() < 0.4:
            return (
                [self.decision(Decision.ROLLED_BACK, day)]
                if chance.random() < 0.4
                else self.cause(day, stand.eliminated)
            )
        kinds = (
            self.money,
            self.money,
            self.needs,
            self.needs,
            self.needs,
            self.bills,
            self.bills,
            self.waver,
            self.waver,
            self.again,
            self.register,
            self.odd,
        )
        return chance.choice(kinds)(day)

    def odd(self, day: date) -> list[FactRecord]:
        """A doubt who belongs to the household, which ends some days later.

        Or a decision that hardly fits.
        """
        chance = self.chance
        if chance.random() < 0.5:
            return [self.decision(chance.choice(list(Decision)), day)]
        if chance.random() < 0.3:
            return self._dismissed_ahead(day)
        self.count += 1
        ticket, ends = self.count, chance.choice((TicketState.MENDED, TicketState.DISMISSED))
        self.to_come.setdefault(day + timedelta(days=chance.choice((1, 5, 20))), []).append(
            in_doubt(ticket, ends)
        )
        return [in_doubt(ticket)]

    def _dismissed_ahead(self, day: date) -> list[FactRecord]:
        """People's word on what they saw arrives before what they saw."""
        event = SeenEvent(name="housing", last=day)
        saw = Saw(
            finding=FindingKind.GUARANTEE_MISSING, events=(event,), events_total=1, is_below=True
        )
        dismissed = CaseDecided(decision=Decision.DISMISSED, decided_on=day, saw=(saw,))
        harmless = FindingExempted(
            finding=saw.finding,
            reason=HarmlessReason.CAN_COPE,
            by="chen",
            exempted_on=day,
            until=day + timedelta(days=20),
            saw=saw,
        )
        return [
            self._word(self.chance.choice((dismissed, harmless))),
            checked(Guarantee.HOUSING, self.name("check"), is_met=False, day=day),
        ]

    def help(self, day: date, stand: Stand) -> list[FactRecord]:
        """What an identified household gets and what people then declare."""
        chance = self.chance
        if stand.is_not_marked or chance.random() < 0.05:
            return [self.decision(Decision.NOT_MARKED, day)]
        if stand.at == "group" and chance.random() < 0.5:
            bonus = income(
                "95000.00", self.name("bonus"), month="2026-05", yearly=False, item="gift"
            )
            return [
                bonus,
                checked(Guarantee.HOUSING, self.name("check"), is_met=True, day=day),
                checked(Guarantee.WATER, self.name("check"), is_met=True, day=day),
            ]
        against = tuple(FindingKind(c) for c in sorted(stand.causes)) or (
            FindingKind.DISASTER_LOSS,
        )
        measure = record(
            MeasureDelivered(measure=MeasureKind.COMPREHENSIVE, against=against, delivered_on=day),
            self.name("measure"),
        )
        return [measure, *(checked(g, self.name("check"), is_met=True, day=day) for g in Guarantee)]

    def word(self, day: date, stand: Stand) -> FactRecord:
        """People identify it, dismiss it, or find a finding harmless.

        By what the page showed, or by what is known.
        """
        chance, kind = self.chance, self.chance.random()
        if kind < 0.35 and stand.at in ("group", "recovering"):
            return self.decision(Decision.IDENTIFIED, day)
        if kind < 0.7:
            back = day + timedelta(days=chance.choice((1, 4, 25)))
            if chance.random() < 0.3:
                self.to_come.setdefault(back, []).append(self.decision(Decision.REOPENED, back))
            return self.decision(Decision.DISMISSED, day)
        finding = FindingKind(chance.choice(sorted(stand.findings) or ["disaster_loss"]))
        saw = (
            next((s for s in self.page if s.finding is finding), None)
            if chance.random() < 0.5
            else None
        )
        until = day + timedelta(days=chance.choice((2, 20, 300)))
        return self._word(
            FindingExempted(
                finding=finding,
                reason=HarmlessReason.CAN_COPE,
                by="chen",
                exempted_on=day,
                until=until,
                saw=saw,
            )
        )

    def decision(self, decision: Decision, day: date) -> FactRecord:
        is_shown = decision is Decision.DISMISSED and self.page and self.chance.random() < 0.5
        on = day - timedelta(days=self.chance.choice((0, 0, 0, 2)))
        return self._word(
            CaseDecided(decision=decision, decided_on=on, saw=self.page if is_shown else None)
        )

    def _word(self, fact: HouseholdFact) -> FactRecord:
        return record(fact, self.name("word"), agency="foothold")
