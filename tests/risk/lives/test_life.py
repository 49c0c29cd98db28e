"""Plays a household's life as a state machine.

Facts, days and people's decisions come in any order, and the tests check what must hold after each
of them.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from foothold_risk.messages.judge import Subject, Verdict, judge
from foothold_risk.rules.calendar import SHANGHAI
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household
from foothold_risk.worker.state import pack, unpack
from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.decisions import (
    AuthorisationGiven,
    AuthorisationRefused,
    CaseDecided,
    Decision,
    MeasureDelivered,
    MeasureKind,
)
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.facts.register import Member, TicketState
from foothold_schemas.facts.reports import Concern
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    checked,
    claim,
    disaster,
    graded,
    in_doubt,
    income,
    record,
    registered,
    reported,
)
from tests.support.made.rules import ALL_IN_FORCE

HEARD: dict[str, tuple[Span, ...]] = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}
IN_SPELL = (Status.GROUP, Status.RECOVERING)
amounts = st.sampled_from(
    ["0.01", "2999.99", "5000.00", "7300.00", "7300.01", "20000.00", "90000.00"]
)


class Life(RuleBasedStateMachine):
    """One household, one day after another."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Household()
        self.day = date(2026, 6, 10)
        self.transitions: list[Transition] = []
        self.log: list[tuple[FactRecord | None, date]] = []
        self.count = 0
        self.refused = 0

    @initialize(members=st.integers(1, 3), can_work=st.booleans())
    def begin(self, members: int, *, can_work: bool) -> None:
        self.tell(
            registered([Member(person_ref=f"p{n}", can_work=can_work) for n in range(members)])
        )

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def tell(self, fact: FactRecord | None) -> None:
        """A fact, or a new look at the day."""
        self.log.append((fact, self.day))
        before, judged = self.home, look(self.home, fact, self.day)
        self.home = judged.household
        if before.disputed and self.home.disputed and not self.home.is_refused:
            assert (self.home.position.group, self.home.position.status in IN_SPELL) == (
                before.position.group,
                before.position.status in IN_SPELL,
            )
        self.transitions += judged.transitions
        self.refused += bool(judged.refused)

    @rule(days=st.sampled_from([1, 1, 7, 30, 31, 180]))
    def days_pass(self, days: int) -> None:
        for _ in range(days):
            self.day += timedelta(days=1)
            self.tell(None)

    @rule(amount=amounts, is_loss=st.booleans())
    def money_comes(self, amount: str, *, is_loss: bool) -> None:
        month = f"{self.day - timedelta(days=self.day.day):%Y-%m}"
        self.tell(
            income(
                f"-{amount}" if is_loss else amount, self.name("income"), month=month, yearly=False
            )
        )

    @rule(amount=amounts, ago=st.integers(0, 400))
    def a_bill_comes(self, amount: str, ago: int) -> None:
        self.tell(claim(amount, self.name("bill"), day=self.day - timedelta(days=ago)))

    @rule(home=st.sampled_from(HomeState))
    def disaster_strikes(self, home: HomeState) -> None:
        self.tell(disaster(self.name("storm"), day=self.day, home=home))

    @rule(guarantee=st.sampled_from(Guarantee), is_met=st.booleans())
    def somebody_looks(self, guarantee: Guarantee, *, is_met: bool) -> None:
        self.tell(checked(guarantee, self.name("check"), is_met=is_met, day=self.day))

    @rule()
    def everything_is_in_order(self) -> None:
        for guarantee in Guarantee:
            self.tell(checked(guarantee, self.name("check"), is_met=True, day=self.day))

    @rule(grade=st.sampled_from(Grade))
    def the_village_reviews(self, grade: Grade) -> None:
        self.tell(graded(grade, self.name("review"), day=self.day))

    @rule(concern=st.sampled_from(Concern))
    def somebody_reports(self, concern: Concern) -> None:
        self.tell(reported(concern, self.name("report"), day=self.day))

    @rule(measure=st.sampled_from(MeasureKind))
    def help_comes(self, measure: MeasureKind) -> None:
        self.tell(
            record(
                MeasureDelivered(
                    measure=measure, against=tuple(FindingKind), delivered_on=self.day
                ),
                self.name("help"),
            )
        )

    @rule(decision=st.sampled_from(Decision))
    def people_decide(self, decision: Decision) -> None:
        self.tell(
            record(CaseDecided(decision=decision, decided_on=self.day), self.name("decision"))
        )

    @rule(is_given=st.booleans())
    def the_household_speaks(self, *, is_given: bool) -> None:
        word = (
            AuthorisationGiven(signed_on=self.day)
            if is_given
            else AuthorisationRefused(refused_on=self.day)
        )
        self.tell(
            record(
                word,
                self.name("word"),
                at=datetime.combine(self.day, time(12), SHANGHAI) + timedelta(seconds=self.count),
            )
        )

    @rule(ticket=st.integers(1, 2), state=st.sampled_from(TicketState))
    def a_member_is_in_doubt_or_no_longer(self, ticket: int, state: TicketState) -> None:
        self.tell(in_doubt(ticket, state))

    @rule()
    def the_last_fact_comes_again(self) -> None:
        before, count = self.home, len(self.transitions)
        fact = next((f for f, _ in reversed(self.log) if f is not None), None)
        if fact is not None and not isinstance(
            fact.data, AuthorisationGiven | AuthorisationRefused
        ):
            self.tell(fact)
            assert (before.position, count) == (self.home.position, len(self.transitions))

    @invariant()
    def transitions_are_numbered_without_holes(self) -> None:
        assert [t.number for t in self.transitions] == list(range(1, len(self.transitions) + 1))

    @invariant()
    def everything_said_has_reason_number_and_reference(self) -> None:
        for transition in self.transitions[-3:]:
            assert transition.reason.zh
            assert all(
                f.value and f.threshold and f.policy.reference and f.facts_total
                for f in transition.findings
            )

    @invariant()
    def nobody_is_in_a_group_without_a_finding(self) -> None:
        position = self.home.position
        assert position.status is not Status.GROUP or position.findings or self.home.disputed
        assert (position.group is None) == (
            position.status not in (Status.GROUP, Status.RECOVERING)
        )

    @invariant()
    def only_people_let_an_identified_household_go(self) -> None:
        for before, after in pairwise(self.transitions):
            if after.movement is Movement.EXITED and before.is_identified:
                assert after.exit_reason in (ExitReason.ELIMINATED, ExitReason.NATURAL)

    @invariant()
    def entry_and_exit_take_turns(self) -> None:
        entries = {Movement.ENTERED, Movement.ROLLED_BACK, Movement.REFLAGGED}
        turns = [
            t.movement in entries
            for t in self.transitions
            if t.movement in entries | {Movement.EXITED} or t.figures.is_withheld
        ]
        assert all(not (a and b) for a, b in pairwise(turns))

    @invariant()
    def the_state_survives_being_packed(self) -> None:
        assert unpack(pack(self.home)) == self.home

    def teardown(self) -> None:
        """The same log again says the same, to the byte."""
        home = Household()
        again: list[Transition] = []
        for fact, day in self.log:
            judged = look(home, fact, day)
            home = judged.household
            again += judged.transitions
        assert [t.model_dump_json() for t in again] == [
            t.model_dump_json() for t in self.transitions
        ]


def look(home: Household, fact: FactRecord | None, day: date) -> Verdict:
    """What the worker does with a fact, or with a new day."""
    control = Control(open_day=day, bundle=ALL_IN_FORCE.bundle, heard=HEARD)
    if fact is None:
        return judge(
            Subject(
                HOUSEHOLD, home, Cause("0" * 32, datetime(day.year, day.month, day.day, tzinfo=UTC))
            ),
            control,
            ALL_IN_FORCE,
        )
    home, folded = fold(home, fact, fact.data, day)  # type: ignore[arg-type]  # household facts only
    if folded != "applied":
        return Verdict(home)
    decided = fact.data if isinstance(fact.data, CaseDecided) else None
    return judge(
        Subject(HOUSEHOLD, home, Cause(fact.fact_id, fact.recorded_time), decided),
        control,
        ALL_IN_FORCE,
    )


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=min(60, settings.default.max_examples if settings.default else 60),
    stateful_step_count=30,
    deadline=None,
)
