"""Plays random days at the desk, in whatever order.

No case is stuck, nobody pays alone or too late, and every change is one audit row.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from foothold_alerts.cases.locked import Handling, NotAllowed, Stale
from foothold_alerts.rules.case import DISMISS_REASONS, OPEN, CloseReason, Role, Stage
from foothold_alerts.rules.relief.relief import ReliefAct
from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import DayDone, ExitReason, Movement, Status
from tests.support.alerts import (
    NOW,
    WORKFLOW,
    cases_on,
    person,
    plan_on,
    relief_on,
    rows,
    transition,
    work_on,
)
from tests.support.running.parts import Parts

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

KINDS = (FindingKind.DISASTER_LOSS, FindingKind.SELF_PAID_HIGH)
PEOPLE = [
    person("wang", Role.VILLAGE),
    person("zhao", Role.TOWNSHIP),
    person("li", Role.TOWNSHIP),
    person("chen", Role.COUNTY),
]
URL: list[str] = []
who = st.sampled_from(PEOPLE)


class DeskMachine(RuleBasedStateMachine):
    """One household, four people, and risk.

    `changes`: acts that were taken, and movements of risk.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.engine: AsyncEngine = create_async_engine(URL[0])
        self.number, self.episode, self.day = 0, 1, NOW.date()
        self.is_in = self.is_recovering = False
        self.changes = 0

    def run(self, work: Any) -> Any:  # noqa: ANN401 - whatever it gives
        return self.loop.run_until_complete(work)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        answer: list[tuple[Any, ...]] = self.run(rows(self.engine, question))
        return answer

    @initialize()
    def an_empty_desk(self) -> None:
        async def empty() -> None:
            tables = (
                "cases, transitions, relief, reviews, audit, partition_days, views, said,"
                " deadlines, measures, visits, procrastinate_jobs"
            )
            async with self.engine.begin() as connection:
                await connection.execute(text(f"truncate {tables} restart identity cascade"))

        self.run(empty())
        self.changes = 0

    def teardown(self) -> None:
        self.run(self.engine.dispose())
        self.loop.close()

    def moves(self, movement: Movement, *kinds: FindingKind, **more: Any) -> None:  # noqa: ANN401
        self.number += 1
        self.changes += 1
        done = DayDone(partition=0, day=self.day, learned_at=NOW, registered={})
        news = transition(
            "a",
            self.number,
            *kinds,
            movement=movement,
            open_day=self.day,
            episode=self.episode,
            spell=self.episode,
            **more,
        )
        self.run(cases_on(self.engine).take([done, news], NOW))

    @rule(days=st.integers(1, 40))
    def days_pass(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.run(
            cases_on(self.engine).take(
                [DayDone(partition=0, day=self.day, learned_at=NOW, registered={})], NOW
            )
        )

    @precondition(lambda self: not self.is_in)
    @rule(kinds=st.sets(st.sampled_from(KINDS), min_size=1))
    def the_household_enters(self, kinds: set[FindingKind]) -> None:
        self.is_in, self.is_recovering = True, False
        self.moves(Movement.ENTERED, *sorted(kinds))

    @precondition(lambda self: self.is_in)
    @rule(
        movement=st.sampled_from(
            [
                Movement.WORSENED,
                Movement.EASED,
                Movement.RECOVERING,
                Movement.EXIT_DUE,
                Movement.RELAPSED,
                Movement.NOT_MARKED,
            ]
        )
    )
    def it_moves(self, movement: Movement) -> None:
        known = bool(
            self.ask(
                "select 1 from cases where identified_on is not null and stage not in"
                " ('eliminated') order by number desc limit 1"
            )
        )
        status = (
            Status.RECOVERING
            if movement in (Movement.RECOVERING, Movement.EXIT_DUE, Movement.NOT_MARKED)
            else Status.GROUP
        )
        self.moves(movement, *KINDS, status=status, is_identified=known)

    @precondition(lambda self: self.is_in)
    @rule(
        reason=st.sampled_from(
            [
                ExitReason.CLEARED,
                ExitReason.CORRECTED,
                ExitReason.NATURAL,
                ExitReason.ELIMINATED,
                ExitReason.DISMISSED,
            ]
        )
    )
    def it_leaves(self, reason: ExitReason) -> None:
        gone: dict[str, Any] = {
            "is_lead": False,
            "is_episode_over": True,
            "group": None,
            "status": Status.CLEAR,
            "exit_reason": reason,
        }
        self.moves(Movement.EXITED, *KINDS, **gone)
        self.is_in = False
        self.episode += 1

    def tries(self, work: Any) -> None:  # noqa: ANN401 - an act
        try:
            self.run(work)
        except (Stale, NotAllowed):
            return
        self.changes += 1

    def case(self) -> tuple[int, int] | None:
        cases = self.ask("select number, version from cases order by number desc limit 1")
        return (cases[0][0], cases[0][1]) if cases else None

    @rule(
        who=who,
        step=st.sampled_from([s.name for s in WORKFLOW.steps]),
        reason=st.sampled_from([*DISMISS_REASONS, None]),
        note=st.sampled_from(["", "why"]),
    )
    def somebody_takes_a_step(
        self,
        who: Any,  # noqa: ANN401
        step: str,
        reason: CloseReason | None,
        note: str,
    ) -> None:
        if (held := self.case()) is not None:
            self.tries(
                work_on(self.engine).step(Handling(who, *held, NOW), step, reason=reason, note=note)
            )

    @rule(
        who=who,
        act=st.sampled_from(ReliefAct),
        amount=st.sampled_from([None, 1, 300_000, 300_001]),
        note=st.sampled_from(["", "why"]),
    )
    def somebody_handles_relief(
        self,
        who: Any,  # noqa: ANN401
        act: ReliefAct,
        amount: int | None,
        note: str,
    ) -> None:
        self.somebody_handles(who, act, amount, note)

    def somebody_handles(self, who: Any, act: ReliefAct, amount: int | None, note: str) -> None:  # noqa: ANN401
        relief_rows = self.ask(
            "select number, version, relief_id from relief join cases using (case_id) order by"
            " relief_id desc limit 1"
        )
        if relief_rows:
            number, version, relief_id = relief_rows[0]
            self.tries(
                relief_on(self.engine).relieve(
                    Handling(who, number, version, NOW), relief_id, act, amount=amount, note=note
                )
            )

    @rule(first=who, second=who, amount=st.sampled_from([1, 300_000]))
    def an_advance_is_decided_and_paid(self, first: Any, second: Any, amount: int) -> None:  # noqa: ANN401
        for hand, act, filled in ((first, ReliefAct.DECIDE, amount), (second, ReliefAct.PAY, None)):
            self.somebody_handles(hand, act, filled, "why")

    @rule(who=who, note=st.sampled_from(["", "why"]))
    def the_county_excepts(self, who: Any, note: str) -> None:  # noqa: ANN401
        if (held := self.case()) is not None:
            self.tries(
                relief_on(self.engine).again(
                    Handling(who, *held, NOW), FindingKind.DISASTER_LOSS, note=note
                )
            )

    @rule(who=who, kind=st.sampled_from(FindingKind))
    def somebody_plans_and_delivers(self, who: Any, kind: FindingKind) -> None:  # noqa: ANN401
        if (held := self.case()) is None:
            return
        self.tries(
            plan_on(self.engine).intend(
                Handling(who, *held, NOW), MeasureKind.COMPREHENSIVE, frozenset({kind}), "county"
            )
        )
        measures = self.ask(
            "select number, version, measure_id from measures join cases using (case_id) where"
            " delivered_on is null limit 1"
        )
        if measures:
            number, version, measure_id = measures[0]
            self.tries(
                plan_on(self.engine).deliver(
                    Handling(who, number, version, NOW), measure_id, NOW.date()
                )
            )

    @invariant()
    def every_change_is_one_audit_row(self) -> None:
        assert self.ask("select count(*) from audit") == [(self.changes,)]

    @invariant()
    def nobody_pays_alone_and_nothing_is_paid_undecided(self) -> None:
        paid = (
            "select decided_by, paid_by, amount_fen from relief where status in ('paid', 'settled')"
        )
        assert all(
            decided and payer and decided != payer and amount
            for decided, payer, amount in self.ask(paid)
        )

    @invariant()
    def what_is_over_is_paid_no_more(self) -> None:
        over = ", ".join(
            f"'{s.value}'"
            for s in Stage
            if s not in OPEN and s not in (Stage.DISMISSED, Stage.ELIMINATED)
        )
        unpaid = "('proposed', 'applied', 'checked', 'decided')"
        assert (
            self.ask(
                f"select relief_id from relief join cases using (case_id) where stage in ({over})"  # noqa: S608
                f" and status in {unpaid}"
            )
            == []
        )

    @invariant()
    def what_was_said_is_what_was_done(self) -> None:
        paid = self.ask("select count(*) from relief where paid_by is not null")
        assert paid == self.ask(
            "select count(*) from said where body->'data'->>'kind' = 'ReliefPaid'"
        )
        assert self.ask("select count(*) from said") == self.ask(
            "select count(*) from procrastinate_jobs where task_name = 'send_said'"
        )

    @invariant()
    def an_open_case_has_somebody_who_can_go_on_and_a_deadline_until_it_is_identified(self) -> None:
        for stage, due in self.ask(
            "select stage, (select count(*) from deadlines d where d.case_id = c.case_id and"
            " done_at is null) from cases c"
        ):
            if Stage(stage) in OPEN and stage != Stage.IDENTIFIED:
                assert WORKFLOW.at(Stage(stage))
            if stage in (
                "lead",
                "verifying",
                "village_review",
                "public_notice",
                "township_review",
                "county_decision",
            ):
                assert due


def test_whatever_happens_at_the_desk(migrated: Parts) -> None:
    URL[:] = [migrated.alerts_url]
    run_state_machine_as_test(
        DeskMachine, settings=settings(max_examples=8, stateful_step_count=30, deadline=None)
    )
