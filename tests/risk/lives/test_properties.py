"""Tests what must hold for any household.

Order, repetition and the calendar change nothing that the facts do not change.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from foothold_risk.messages.insight import forecast_of, hints_of, lines_of
from foothold_risk.messages.judge import Subject, judge
from foothold_risk.rules.calendar import month_of, month_text
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.money.trace import trace
from foothold_risk.rules.status.due import next_due
from foothold_risk.rules.status.movement import move
from foothold_risk.worker.state import pack, unpack
from foothold_schemas.facts.checks import Asset, Grade, Guarantee, SpendingCategory
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HomeState, IncomeCategory
from foothold_schemas.facts.register import Absence, CoverHeld, Member
from foothold_schemas.facts.reports import Concern
from foothold_schemas.messages.transitions import Status, Transition
from tests.support.made.build import (
    AREA,
    OPEN_DAY,
    amending,
    checked,
    claim,
    disaster,
    graded,
    household,
    identity,
    income,
    judged,
    owns,
    place_of,
    registered,
    reported,
    retracted,
    spending,
)
from tests.support.made.rules import ALL_IN_FORCE
from tests.support.made.versions import TICK

yuan = st.integers(min_value=-500_000, max_value=3_000_000).map(
    lambda fen: f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
)
bill = st.integers(min_value=1, max_value=3_000_000).map(
    lambda fen: f"{fen // 100}.{fen % 100:02d}"
)
days = st.dates(min_value=date(2024, 8, 1), max_value=OPEN_DAY)
months = st.integers(min_value=month_of(date(2024, 8, 1)), max_value=month_of(OPEN_DAY) - 1).map(
    month_text
)


THIS_MONTH = month_of(OPEN_DAY)
covers = st.sampled_from([(), (CoverHeld(cover="city_supplement", from_day=date(2025, 1, 1)),)])
source = st.fixed_dictionaries(
    {
        "category": st.sampled_from(IncomeCategory),
        "item": st.sampled_from(["salary", "city_supplement", "emergency_relief"]),
        "person_ref": st.sampled_from([None, "p0"]),
        "until_month": st.sampled_from([None, "2026-07"]),
    }
)
around = st.none() | st.dates(min_value=date(2025, 1, 1), max_value=date(2027, 6, 30))


@st.composite
def people(draw: st.DrawFn) -> list[Member]:
    """One to five members, some of whom joined, leave or are not counted."""
    members = []
    for n in range(draw(st.integers(1, 5))):
        joined, left = draw(around), draw(around)
        if joined is not None and left is not None and left < joined:
            joined, left = left, joined
        members.append(
            Member(
                person_ref=f"p{n}",
                joined_on=joined,
                left_on=left,
                absence=draw(st.none() | st.sampled_from(Absence)),
            )
        )
    return members


@st.composite
def corrections(draw: st.DrawFn, statements: list[FactRecord]) -> list[FactRecord]:
    """A fact or two taken back or replaced, some of which never came."""
    names = st.sampled_from([*(f.id for f in statements), "never-came"])
    back = [retracted(draw(names), name=f"r{n}") for n in range(draw(st.integers(0, 2)))]
    anew = [
        amending(claim(draw(bill), f"a{n}", day=draw(days)), draw(names))
        for n in range(draw(st.integers(0, 1)))
    ]
    same = [
        amending(claim(draw(bill), "c0", day=draw(days)), "c1").model_copy(
            update={"fact_id": identity("c0 again"), "id": "c0-again"}
        )
    ]
    return [*back, *anew, *(same if draw(st.booleans()) else [])]


@st.composite
def versions(draw: st.DrawFn, statements: list[FactRecord]) -> list[FactRecord]:
    """Some of it said again under other ids, at other times and places, by others.

    Some of it said otherwise under one name.
    """
    again = [
        as_version(draw, draw(st.sampled_from(statements)), f"v{n}")
        for n in range(draw(st.integers(0, 3)) if statements else 0)
    ]
    bills = [
        as_version(
            draw, claim(draw(bill), "c0", day=draw(days), stay="H", person_ref="p0"), f"vc{n}"
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    numbered = [
        as_version(
            draw,
            income(draw(yuan), "n", month=draw(months), yearly=draw(st.booleans()), number="S1"),
            f"vi{n}",
        )
        for n in range(2)
    ]
    stay = as_version(
        draw, claim(draw(bill), "of another", day=draw(days), stay="H", person_ref="p0"), "stay"
    ).model_copy(update={"agency": "hospital"})
    return [
        *again,
        *bills,
        *(numbered if draw(st.booleans()) else []),
        *([stay] if draw(st.booleans()) else []),
    ]


def as_version(draw: st.DrawFn, fact: FactRecord, name: str) -> FactRecord:
    """The statement under an id of its own, a little later or not, somewhere else or not."""
    later = TICK * draw(st.integers(0, 2))
    place = draw(st.none() | st.tuples(st.integers(0, 2)))
    return fact.model_copy(
        update={"fact_id": identity(name), "id": name, "time": fact.time + later, "place": place}
    )


@st.composite
def facts(draw: st.DrawFn) -> list[FactRecord]:
    """A register entry or two, and any mixture of the other facts."""
    entries = [
        registered(draw(people()), at=datetime(2026, 1, 1 + n, tzinfo=UTC), covers=draw(covers))
        for n in range(draw(st.integers(1, 2)))
    ]
    year = [income(draw(yuan), "year", month="2026-05")] if draw(st.booleans()) else []
    more = [
        income(draw(yuan), f"i{n}", month=draw(months), yearly=draw(st.booleans()), **draw(source))
        for n in range(draw(st.integers(0, 4)))
    ]
    wage, first = draw(yuan), draw(st.integers(0, 12))
    wages = [
        income(wage, f"w{m}", month=month_text(m), yearly=False, person_ref="p1")
        for m in range(THIS_MONTH - 12, THIS_MONTH - first)
    ]
    bills = [
        claim(
            total := draw(bill),
            f"c{n}",
            day=draw(days),
            in_scope=draw(st.sampled_from([None, total])),
            person_ref=draw(st.sampled_from([None, "p0"])),
        )
        for n in range(draw(st.integers(0, 4)))
    ]
    storms = [
        disaster(f"d{n}", day=draw(days), home=draw(st.sampled_from(HomeState)), loss=draw(bill))
        for n in range(draw(st.integers(0, 2)))
    ]
    costs = [
        spending(
            draw(bill), f"s{n}", day=draw(days), category=draw(st.sampled_from(SpendingCategory))
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    checks = [
        checked(
            draw(st.sampled_from(Guarantee)), f"k{n}", is_met=draw(st.booleans()), day=draw(days)
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    reviews = [
        graded(draw(st.sampled_from(Grade)), f"g{n}", day=draw(days))
        for n in range(draw(st.integers(0, 3)))
    ]
    reviews += [
        reported(draw(st.sampled_from(Concern)), f"t{n}", day=draw(days))
        for n in range(draw(st.integers(0, 2)))
    ]
    assets = [
        owns(draw(st.sampled_from(Asset)), day=draw(days)) for _ in range(draw(st.integers(0, 1)))
    ]
    statements = [*year, *more, *wages, *bills, *storms, *costs, *checks, *reviews, *assets]
    return [*entries, *statements, *draw(corrections(statements)), *draw(versions(statements))]


@given(facts(), st.randoms(use_true_random=False))
def test_figures_findings_and_group_depend_on_the_set_of_facts_not_on_their_order(
    given_facts: list[FactRecord], chance: object
) -> None:
    shuffled = list(given_facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    forward, other = (
        judged(household(*given_facts), rules=ALL_IN_FORCE),
        judged(household(*shuffled), rules=ALL_IN_FORCE),
    )

    assert (forward.kinds, forward.target) == (other.kinds, other.target)
    assert (forward.view.net, forward.view.reference_per_head, forward.view.own_shares) == (
        other.view.net,
        other.view.reference_per_head,
        other.view.own_shares,
    )
    assert [f.facts for f in forward.findings] == [f.facts for f in other.findings]
    assert lines_of(forward.view) == lines_of(other.view)
    assert hints_of(forward, ALL_IN_FORCE.currency) == hints_of(other, ALL_IN_FORCE.currency)
    assert forecast_of(forward, ALL_IN_FORCE.currency) == forecast_of(other, ALL_IN_FORCE.currency)


@given(facts(), st.data())
def test_a_fact_that_comes_again_changes_nothing(
    given_facts: list[FactRecord], data: st.DataObject
) -> None:
    home = household(*given_facts)
    again = data.draw(st.sampled_from(given_facts))

    same, folded = fold(home, again, again.data, OPEN_DAY)  # type: ignore[arg-type]

    assert home == same
    assert folded in (Folded.DUPLICATE, Folded.SUPERSEDED, Folded.WITHDRAWN)


@given(facts(), st.data())
def test_a_repeat_under_a_new_id_changes_nothing_anyone_is_told(
    given_facts: list[FactRecord], data: st.DataObject
) -> None:
    home = household(*given_facts)
    position, _ = move(home.position, judged(home, rules=ALL_IN_FORCE))
    home = msgspec.structs.replace(home, position=position)
    fact = data.draw(
        st.sampled_from(
            [f for f in given_facts if f.data.kind != "HouseholdRegistered"] or given_facts
        )
    )
    again = fact.model_copy(
        update={
            "fact_id": identity("again"),
            "id": "again",
            "time": fact.time + 9 * TICK,
            "withdraws": (),
        }
    )
    more, folded = fold(home, again, again.data, OPEN_DAY)  # type: ignore[arg-type]
    assume(folded is Folded.REPEATED)
    before, after = judged(home, rules=ALL_IN_FORCE), judged(more, rules=ALL_IN_FORCE)

    assert [f.facts for f in before.findings] == [f.facts for f in after.findings]
    assert (before.target, lines_of(before.view)) == (after.target, lines_of(after.view))
    assert move(position, after) == (position, ())


@given(facts(), bill, st.randoms(use_true_random=False))
def test_a_statement_corrected_and_corrected_back_leaves_the_figures_as_they_were(
    given_facts: list[FactRecord], other: str, chance: object
) -> None:
    first = claim("4321.00", "one bill", day=date(2026, 3, 1))
    wrong = claim(other, "one bill", day=date(2026, 3, 2)).model_copy(
        update={"fact_id": identity("wrong"), "id": "wrong", "time": first.time + TICK}
    )
    back = first.model_copy(
        update={"fact_id": identity("back"), "id": "back", "time": first.time + 2 * TICK}
    )
    history = [*given_facts, first, wrong, back]
    chance.shuffle(history)  # type: ignore[attr-defined]
    once, corrected = (
        judged(household(*given_facts, first), rules=ALL_IN_FORCE),
        judged(household(*history), rules=ALL_IN_FORCE),
    )

    assert (once.kinds, once.target) == (corrected.kinds, corrected.target)
    assert (once.view.net, once.view.reference, once.view.own_shares) == (
        corrected.view.net,
        corrected.view.reference,
        corrected.view.own_shares,
    )


@given(facts())
def test_nobody_is_in_a_group_without_a_finding_and_every_finding_has_number_and_reference(
    given_facts: list[FactRecord],
) -> None:
    assessment = judged(household(*given_facts), rules=ALL_IN_FORCE)

    assert assessment.target.group is None or assessment.kinds
    assert all(
        str(f.measure.value) and str(f.measure.threshold) and f.policy.reference and f.facts
        for f in assessment.findings
    )


@given(facts())
def test_the_same_facts_on_the_same_day_move_nobody_twice(given_facts: list[FactRecord]) -> None:
    home = household(*given_facts)
    position, _ = move(home.position, judged(home))

    assert (position, ()) == move(
        position, judged(msgspec.structs.replace(home, position=position))
    )


@given(facts())
def test_a_packed_household_unpacks_to_itself(given_facts: list[FactRecord]) -> None:
    home = household(*given_facts)

    assert home == unpack(pack(home))


EVERYTHING_HEARD: dict[str, tuple[Span, ...]] = {
    f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)
}


@settings(max_examples=min(20, settings().max_examples))  # each looks at 860 days
@given(facts(), st.sampled_from([{}, EVERYTHING_HEARD]))
def test_looking_only_on_due_days_says_the_same_as_looking_every_day(
    given_facts: list[FactRecord], known: dict[str, tuple[Span, ...]]
) -> None:
    home, rules = household(*given_facts), ALL_IN_FORCE
    every, lazy, due = home, home, OPEN_DAY
    said_daily: list[Transition] = []
    said_lazily: list[Transition] = []
    for n in range(430):
        day = OPEN_DAY + timedelta(days=n)
        control = Control(open_day=day, bundle=rules.bundle, heard=known)
        moment = datetime(2026, 6, 1, tzinfo=UTC)
        done = judge(Subject("a" * 32, every, Cause("b" * 32, moment)), control, rules)
        every, said_daily = done.household, [*said_daily, *done.transitions]
        if day == due:
            done = judge(Subject("a" * 32, lazy, Cause("b" * 32, moment)), control, rules)
            lazy, said_lazily = done.household, [*said_lazily, *done.transitions]
            due = next_due(lazy, day, place_of(rules).on(day))

    assert said_daily == said_lazily
    assert every.position == lazy.position


@given(facts())
def test_a_household_without_any_ground_is_in_no_group_however_it_got_there(
    given_facts: list[FactRecord],
) -> None:
    entries = [f for f in given_facts if f.data.kind == "HouseholdRegistered"]
    home = household(*entries, income("999999.00", "plenty"))

    assert judged(home).target.status == Status.CLEAR
    assert isinstance(home, Household)


@given(facts())
def test_every_figure_is_the_sum_of_the_parts_it_is_explained_with(
    given_facts: list[FactRecord],
) -> None:
    view = judged(household(*given_facts), rules=ALL_IN_FORCE).view
    lines = {line.en: line for line in trace(view)}

    assert all(
        sum(part.value for part in line.parts) == line.value
        for line in lines.values()
        if line.parts
    )
    assert lines["net income"].value == view.net
    assert lines["reference income"].value == view.reference
    assert view.net is not None or not lines["net income"].parts
    held = {fact.fact_id for fact in view.household.held()}
    assert {fact for line in lines.values() for part in line.parts for fact in part.facts} <= held


@given(facts(), st.sampled_from(["0.00", "4000.00"]))
def test_who_entered_because_of_a_disaster_stands_a_year_later_where_it_would_have_stood_without_it(
    given_facts: list[FactRecord], loss: str
) -> None:
    rules, cause = ALL_IN_FORCE, Cause("b" * 32, datetime(2026, 6, 1, tzinfo=UTC))
    struck = disaster("the storm", day=OPEN_DAY, loss=loss)
    with_it, without_it = household(*given_facts, struck), household(*given_facts)
    for n in (0, 1, 30, 100, 200, 365, 366, 398, 430, 462):
        control = Control(
            open_day=OPEN_DAY + timedelta(days=n), bundle=rules.bundle, heard=EVERYTHING_HEARD
        )
        # unknown stays as it was
        assume(
            judged(
                without_it, OPEN_DAY + timedelta(days=n), rules, EVERYTHING_HEARD
            ).view.net_per_head
            is not None
        )
        with_it, without_it = (
            judge(Subject("a" * 32, home, cause), control, rules).household
            for home in (with_it, without_it)
        )

    def stands(home: Household) -> tuple[object, ...]:
        return (
            home.position.status,
            home.position.group,
            home.position.is_lead,
            home.position.findings,
        )

    assert stands(with_it) == stands(without_it)
