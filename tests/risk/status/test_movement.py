"""Coming and going: a household's way through the groups, day by day."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from foothold_risk.messages.view import view_of
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household, Left, Position
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.deciding import DecisionEffect, decide, freeze, refuse
from foothold_risk.rules.status.leaving import Condition, unmet
from foothold_risk.rules.status.steps import Move
from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.decisions import CaseDecided, Decision, MeasureDelivered, MeasureKind
from foothold_schemas.facts.register import Absence, Member
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from foothold_schemas.messages.views import UnmetKind
from foothold_schemas.values import Group
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    OPEN_DAY,
    checked,
    claim,
    disaster,
    graded,
    household,
    income,
    judged,
    policy,
    record,
    registered,
    step,
    value,
)

HEARD = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}


def add(home: Household, *facts: object) -> Household:
    for fact in facts:
        home, _ = fold(home, fact, fact.data, OPEN_DAY)  # type: ignore[attr-defined, arg-type]
    return home


def names(moves: tuple[Move, ...]) -> list[Movement]:
    return [m.movement for m in moves]


def test_a_household_enters_at_once_on_the_fact_that_makes_the_rule_true() -> None:
    home, before = step(household(income("7000")))
    home, moves = step(add(home, claim("6000")))

    assert (names(before), names(moves)) == ([Movement.WATCHED], [Movement.ENTERED])
    assert (home.position.episode, home.position.spell, home.position.group) == (
        1,
        1,
        Group.MARGINAL,
    )


def test_the_same_facts_on_the_same_day_move_nobody_twice() -> None:
    home, _ = step(household(income("7000"), claim("6000")))
    _, again = step(home)

    assert again == ()


def test_a_finding_more_worsens_and_a_finding_less_eases_while_the_group_stays() -> None:
    home, _ = step(household(income("7000", until_month="2026-05"), claim("6000")))
    home, worse = step(add(home, disaster()))
    # both the bill and the storm have left the year, income is no longer heard
    home, better = step(home, date(2027, 6, 9))

    assert (names(worse), worse[0].added) == ([Movement.WORSENED], (FindingKind.DISASTER_LOSS,))
    assert (names(better), better[0].gone) == ([Movement.EASED], (FindingKind.DISASTER_LOSS,))


def test_from_one_group_to_another_is_one_move_not_exit_and_entry() -> None:
    home, _ = step(household(income("7000"), claim("6000")))
    home, moves = step(add(home, income("1000", "more", item="more")))

    assert names(moves) == [Movement.MOVED]
    assert (moves[0].before.group, home.position.group, home.position.spell) == (
        Group.MARGINAL,
        Group.SUDDEN_HARDSHIP,
        1,
    )


def test_a_signal_leaves_on_the_first_open_day_one_whole_month_after_it_cleared() -> None:
    home, _ = step(household(income("7000", until_month="2026-05"), claim("6000")))
    home, recovering = step(add(home, income("90000", "more", item="more", until_month="2026-05")))
    home, early = step(home, date(2026, 7, 9))
    unknown, waiting = step(home, date(2026, 7, 10))
    home, gone = step(add(home, income("97000", "june", month="2026-06")), date(2026, 7, 10))

    assert names(recovering) == [Movement.RECOVERING]
    assert recovering[0].after.clear_since == OPEN_DAY
    assert early == ()
    assert waiting == ()
    assert unknown.position.status == Status.RECOVERING
    assert names(gone) == [Movement.EXITED]
    assert (gone[0].exit_reason, gone[0].is_episode_over) == (ExitReason.CLEARED, True)
    assert (home.position.status, home.position.group) == (Status.CLEAR, None)
    assert home.position.left == Left(date(2026, 7, 10), Group.MARGINAL, 1), (
        "what a late fact is compared with"
    )


def test_crossing_back_while_recovering_is_a_relapse_in_the_same_spell() -> None:
    home, _ = step(household(income("7000"), claim("6000")))
    home, _ = step(add(home, income("90000", "more", item="more")))
    home, moves = step(add(home, income("-90000", "less", item="less")), date(2026, 6, 20))

    assert names(moves) == [Movement.RELAPSED]
    assert (home.position.spell, home.position.times_wavered, home.position.clear_since) == (
        1,
        1,
        None,
    )


def test_entering_again_after_leaving_is_a_second_spell_of_a_second_episode() -> None:
    home, _ = step(household(income("7000"), claim("6000")))
    home, _ = step(add(home, income("90000", "more", item="more")))
    home, _ = step(add(home, income("97000", "june", month="2026-06")), date(2026, 7, 10))
    home, moves = step(add(home, claim("400000", "again", day=date(2026, 7, 9))), date(2026, 7, 10))

    assert names(moves) == [Movement.ENTERED]
    assert (home.position.spell, home.position.episode) == (2, 2)


def test_a_lead_that_stays_after_the_group_ended_keeps_its_episode() -> None:
    home, _ = step(household(income("26000"), claim("20000")))
    home, _ = step(add(home, income("90000", "more", item="more")))
    home, moves = step(add(home, income("116000", "june", month="2026-06")), date(2026, 7, 10))

    assert names(moves) == [Movement.EXITED]
    assert (home.position.status, home.position.is_lead, moves[0].is_episode_over) == (
        Status.WATCH,
        True,
        False,
    )


def test_a_lead_that_turns_into_a_group_stays_in_its_episode() -> None:
    home, _ = step(household(registered(2), income("90000"), claim("25000")))
    home, moves = step(add(home, disaster()))

    assert names(moves) == [Movement.ENTERED]
    assert (home.position.episode, home.position.spell) == (1, 1)


def test_a_household_of_which_nobody_is_left_exits_naturally_at_once() -> None:
    home, _ = step(
        household(
            registered([Member(person_ref="a", left_on=OPEN_DAY)]), income("7000"), claim("6000")
        )
    )
    home, moves = step(home, date(2026, 6, 11))

    assert names(moves) == [Movement.EXITED]
    assert (moves[0].exit_reason, home.position.status) == (ExitReason.NATURAL, Status.CLEAR)
    assert home.position.left is None, "no later fact puts this in doubt"


def test_a_lead_that_ends_is_no_longer_watched_and_its_episode_is_over() -> None:
    home, _ = step(household(income("90000"), claim("25000", day=date(2025, 6, 11))))
    home, moves = step(home, date(2026, 6, 11))

    assert names(moves) == [Movement.UNWATCHED]
    assert moves[0].is_episode_over
    assert not home.position.is_urgent


@pytest.mark.parametrize("bill", ["7000.00", "6999.99"])
def test_transition_numbers_are_one_two_three_without_holes(bill: str) -> None:
    home, first = step(household(income("7000")))
    home, second = step(add(home, claim(bill)))
    home, third = step(add(home, disaster()))

    assert [m.after.number for m in (*first, *second, *third)] == [1, 2, 3]


def in_group(*more: object, rules: Policy | None = None) -> Household:
    """A marginal household people have identified."""
    home, _ = step(household(income("7000"), claim("6000"), *more), rules=rules)  # type: ignore[arg-type]
    decided = decide(
        home.position,
        judged(home, rules=rules),
        CaseDecided(decision=Decision.IDENTIFIED, decided_on=OPEN_DAY),
    )
    assert isinstance(decided, DecisionEffect)
    return msgspec.structs.replace(home, position=decided.position)


@pytest.mark.parametrize("decision", [Decision.ELIMINATED, Decision.NOT_MARKED, Decision.DISMISSED])
def test_a_decision_that_does_not_fit_where_the_household_stands_is_refused(
    decision: Decision,
) -> None:
    home = in_group()
    outcome = decide(
        home.position, judged(home), CaseDecided(decision=decision, decided_on=OPEN_DAY)
    )

    assert outcome == (Condition(UnmetKind.DOES_NOT_FIT),)


def test_nobody_is_identified_who_is_in_no_group() -> None:
    home, _ = step(household(income("90000"), claim("25000")))
    outcome = decide(
        home.position, judged(home), CaseDecided(decision=Decision.IDENTIFIED, decided_on=OPEN_DAY)
    )

    assert outcome == (Condition(UnmetKind.DOES_NOT_FIT),)


def test_the_day_of_identification_is_the_first_one_people_gave() -> None:
    home = in_group()
    again = decide(
        home.position,
        judged(home),
        CaseDecided(decision=Decision.IDENTIFIED, decided_on=date(2026, 6, 30)),
    )

    assert isinstance(again, DecisionEffect)
    assert again.position.identified_on == OPEN_DAY


def test_an_identified_household_never_leaves_by_time_alone() -> None:
    home, recovering = step(add(in_group(), income("900000", "more")))
    home, later = step(home, date(2027, 1, 10), known=HEARD)

    assert names(recovering) == [Movement.RECOVERING]
    assert later == ()
    assert home.position.status is Status.RECOVERING


def test_when_help_reaches_an_identified_household_in_time_people_are_asked_once() -> None:
    home = add(in_group(), income("900000", "more"))
    home, _ = step(home)
    help_ = MeasureDelivered(
        measure=MeasureKind.HEALTH,
        against=(FindingKind.RIGID_SPENDING_RATIO,),
        delivered_on=OPEN_DAY,
    )
    home = add(home, record(help_, "help"), *(checked(g, g.value, is_met=True) for g in Guarantee))
    home, early = step(home, date(2026, 12, 31), known=HEARD)
    home, due = step(home, date(2027, 1, 1), known=HEARD)
    home, again = step(home, date(2027, 1, 2), known=HEARD)

    assert (names(early), names(due), names(again)) == ([], [Movement.EXIT_DUE], [])


def test_every_condition_that_is_not_met_is_listed_with_its_day() -> None:
    home, _ = step(add(in_group(), income("900000", "more")))
    conditions = unmet(home.position, judged(home))

    assert Condition(UnmetKind.CLEAR_PERIOD, until=date(2027, 1, 1)) in conditions
    assert Condition(UnmetKind.IDENTIFIED_PERIOD, until=date(2026, 12, 10)) in conditions
    assert (
        Condition(UnmetKind.MEASURE_MISSING, finding=FindingKind.RIGID_SPENDING_RATIO) in conditions
    )
    assert {c.guarantee for c in conditions if c.kind is UnmetKind.GUARANTEE_UNKNOWN} == set(
        Guarantee
    )


def test_each_fall_of_the_grade_is_told_and_only_once() -> None:
    rules = policy(grade_fell_in_force=value("grade_fell.in_force", amount=True))
    home, _ = step(
        household(
            income("90000"),
            graded(Grade.A, "a", day=date(2025, 5, 1)),
            graded(Grade.B, "b", day=date(2025, 11, 1)),
        ),
        rules=rules,
    )
    home, nothing = step(home, rules=rules)
    home, second = step(add(home, graded(Grade.C, "c", day=date(2026, 5, 1))), rules=rules)

    assert names(nothing) == []
    assert names(second) == [Movement.GRADE_FELL]


def test_a_relapse_ends_what_was_said_of_leaving_so_that_it_can_be_said_again() -> None:
    cannot_work = registered([Member(person_ref="p0", can_work=False)])
    help_ = MeasureDelivered(
        measure=MeasureKind.HEALTH,
        against=(FindingKind.RIGID_SPENDING_RATIO,),
        delivered_on=OPEN_DAY,
    )
    home = in_group(
        cannot_work, record(help_, "help"), *(checked(g, g.value, is_met=True) for g in Guarantee)
    )
    home, _ = step(add(home, income("900000", "more")))
    home, kept = step(home, date(2027, 1, 1), known=HEARD)
    home, back = step(
        add(home, income("-2000000", "less", month="2026-12")), date(2027, 1, 2), known=HEARD
    )

    assert (names(kept), names(back)) == ([Movement.NOT_MARKED], [Movement.RELAPSED])
    assert (home.position.is_not_marked, home.position.is_due, home.position.clear_since) == (
        False,
        False,
        None,
    )
    assert home.position.identified_on == OPEN_DAY


def test_what_was_said_of_leaving_ends_with_the_spell_so_the_next_one_can_say_it_again() -> None:
    home = in_group()
    assert home.position.is_urgent is False
    gone = msgspec.structs.replace(
        home.position,
        status=Status.RECOVERING,
        clear_since=date(2025, 1, 1),
        identified_on=date(2025, 1, 1),
        is_due=True,
    )
    nobody = registered(
        [Member(person_ref="p0", left_on=date(2026, 6, 1))], at=datetime(2026, 6, 2, tzinfo=UTC)
    )
    left, moves = step(msgspec.structs.replace(add(home, nobody), position=gone))

    assert names(moves) == [Movement.EXITED]
    assert (left.position.is_due, left.position.is_not_marked, left.position.identified_on) == (
        False,
        False,
        None,
    )


def test_elimination_is_no_longer_due_once_a_condition_fails_again() -> None:
    home = in_group()
    due = msgspec.structs.replace(
        home.position,
        status=Status.RECOVERING,
        clear_since=date(2025, 1, 1),
        identified_on=date(2025, 1, 1),
        is_due=True,
    )
    after, _ = step(msgspec.structs.replace(household(income("90000")), position=due))

    assert unmet(due, judged(household(income("90000"))))
    assert after.position.is_due is False


def test_a_refusal_leaves_a_lead_that_is_not_urgent() -> None:
    urgent = msgspec.structs.replace(in_group().position, is_urgent=True)
    position, (move,) = freeze(urgent, judged(household(income("7000"))))

    assert (
        position.status,
        position.is_lead,
        position.is_urgent,
        position.group,
        position.findings,
    ) == (Status.WATCH, True, False, None, ())
    assert move.gone == urgent.findings


def test_a_lead_while_income_is_unknown_is_not_urgent_and_neither_is_a_fresh_household() -> None:
    assert Household().position.is_urgent is False
    target = judged(household(claim("25000"))).target
    assert (target.status, target.is_lead, target.is_urgent) == (Status.WATCH, True, False)


def test_a_household_of_which_nobody_is_counted_any_more_neither_leaves_nor_enters() -> None:
    home, _ = step(household(registered(), income("7000"), claim("6000")))
    home, recovering = step(add(home, income("90000", "more", month="2026-05", yearly=False)))
    conscript = registered(
        [Member(person_ref="p0", absence=Absence.CONSCRIPT)], at=datetime(2026, 6, 11, tzinfo=UTC)
    )
    home, later = step(add(home, conscript), date(2026, 9, 1), known=HEARD)

    assert (names(recovering), names(later)) == ([Movement.RECOVERING], [])
    assert [c.kind for c in unmet(home.position, judged(home, date(2026, 9, 1), known=HEARD))] == [
        UnmetKind.INCOME_UNHEARD
    ]
    shown = view_of(
        HOUSEHOLD, home.position, judged(home, date(2026, 9, 1), known=HEARD), policy()
    ).decode()
    assert "户内暂无计入人口" in shown
    assert "以下月份收入未报" not in shown


def test_a_refusal_changes_the_number_alone_and_is_not_told_where_no_case_can_be() -> None:
    home = in_group()
    position, moves = refuse(home.position, ())

    assert position == msgspec.structs.replace(home.position, number=home.position.number + 1)
    assert [(m.movement, m.before, m.after, m.added, m.gone) for m in moves] == [
        (Movement.REFUSED, home.position, position, (), ())
    ]
    assert refuse(Position(), ()) == (Position(), ())
