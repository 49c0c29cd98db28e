"""What becomes of a fact that comes again, late, or too late."""

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from foothold_risk.rules.calendar import add_months, month_of
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import note
from foothold_risk.rules.household.fold import Folded, fold, forget_old
from foothold_risk.rules.household.household import Household, answered, fresh, report_name
from foothold_risk.worker.state import pack, unpack, unpack_control
from foothold_schemas.facts.checks import Asset, Grade, Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import BroadcastFact, FeedHeard
from foothold_schemas.facts.reports import Concern
from foothold_schemas.wire.codec import decode_fact
from tests.support.made.build import (
    OPEN_DAY,
    checked,
    claim,
    disaster,
    graded,
    household,
    identity,
    income,
    judged,
    owns,
    record,
    registered,
    reported,
    retracted,
    spending,
)
from tests.support.made.versions import TICK


@pytest.mark.parametrize(
    ("fact", "folded"),
    [
        (income("1", "new", month="2024-05", yearly=False), Folded.APPLIED),
        (income("1", "new", month="2024-04", yearly=False), Folded.TOO_OLD),
        (claim("1", "new", day=date(2024, 5, 1)), Folded.APPLIED),
        (claim("1", "new", day=date(2024, 4, 30)), Folded.TOO_OLD),
        (disaster("new", day=date(2024, 5, 1)), Folded.APPLIED),
        (disaster("new", day=date(2024, 4, 30)), Folded.TOO_OLD),
        (income("9000", "old"), Folded.DUPLICATE),
        (claim("1", "bill"), Folded.DUPLICATE),
        (disaster("storm"), Folded.DUPLICATE),
        (registered(), Folded.DUPLICATE),
    ],
)
def test_facts_are_kept_for_25_months_and_known_ones_count_once(
    fact: FactRecord, folded: Folded
) -> None:
    home = household(income("9000", "old"), claim("1", "bill"), disaster("storm"))

    assert fold(home, fact, fact.data, OPEN_DAY)[1] == folded  # type: ignore[arg-type]


def test_before_go_live_nothing_is_too_old_yet() -> None:
    fact = claim("1", "new", day=date(2019, 1, 1))

    assert fold(household(), fact, fact.data, None)[1] == Folded.APPLIED  # type: ignore[arg-type]


def test_the_same_claim_number_of_another_agency_is_another_bill() -> None:
    bill = claim("100", "bill")
    other = record(bill.data, "other", agency="county-hospital")

    assert fold(household(bill), other, other.data, OPEN_DAY)[1] == Folded.APPLIED  # type: ignore[arg-type]


def test_what_lies_more_than_25_months_back_is_forgotten_and_the_rest_stays() -> None:
    old = claim("1", "old", day=date(2024, 4, 30)).model_copy(
        update={"time": datetime(2024, 4, 30, tzinfo=UTC)}
    )
    home = household(
        old,
        claim("2", "kept", day=date(2024, 5, 1)),
        income("5", "month", month="2024-04", yearly=False),
    )
    left = forget_old(home, OPEN_DAY)

    assert ([c.total for c in left.claims], left.incomes) == ([200], ())


def test_a_report_nobody_looked_into_stays_though_one_telling_of_it_is_taken_back() -> None:
    day, old = date(2026, 6, 10), date(2024, 1, 10)
    reports = [reported(Concern.ILLNESS, name, day=old) for name in ("once", "twice")]
    home = forget_old(household(*reports), day)
    back = retracted("once")
    home, _ = fold(home, back, back.data, day)  # type: ignore[arg-type]

    assert [r.fact_id.hex() for r in home.unanswered] == [identity("twice")]


def test_a_report_people_have_looked_into_is_forgotten_when_it_is_old_and_no_other() -> None:
    day, old = date(2026, 6, 10), date(2024, 1, 10)
    home = household(
        *(
            reported(Concern.ILLNESS, name, day=when)
            for name, when in (("old", old), ("old, open", old + timedelta(days=1)), ("young", day))
        )
    )
    seen = [
        report_name(r) for r in home.reports if r.fact_id != bytes.fromhex(identity("old, open"))
    ]
    home = fresh(home, position=answered(home, home.position, seen))

    assert {r.fact_id.hex() for r in forget_old(home, day).reports} == {
        identity("old, open"),
        identity("young"),
    }


def test_the_last_of_each_kind_stay_true_however_old_and_two_more_may_be_taken_back() -> None:
    old = [date(2023, 1, n) for n in range(1, 10)]
    facts = [
        *(checked(Guarantee.WATER, f"water {d}", is_met=True, day=d) for d in old),
        checked(Guarantee.FOOD, "food", is_met=False, day=old[0]),
        *(checked(Guarantee.HOUSING, f"housing {d}", is_met=d < old[6], day=d) for d in old),
        *(owns(Asset.CAR, day=d) for d in old),
        *(graded(Grade.B, f"review {d}", day=d) for d in old),
        *(graded(Grade.C, f"recent {n}", day=date(2026, 5, n)) for n in (1, 2)),
    ]
    left = forget_old(household(*facts), OPEN_DAY)

    def days(guarantee: Guarantee) -> list[date]:
        return sorted(c.day for c in left.checks if c.guarantee is guarantee)

    # the first by which it was met or unmet as well
    assert days(Guarantee.FOOD) == [old[0]]
    assert days(Guarantee.WATER) == [*old[:3], *old[-3:]]
    assert days(Guarantee.HOUSING) == [*old[:6], *old[6:]]
    assert [a.day for a in left.assets] == old[-3:]
    assert [g.day for g in left.gradings] == [*old[-4:], date(2026, 5, 1), date(2026, 5, 2)]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_two_register_entries_a_tenth_of_a_second_apart_the_later_one_counts(
    names: tuple[str, str],
) -> None:
    first, second = (datetime(2026, 1, 1, 0, 0, 0, ms, tzinfo=UTC) for ms in (100_000, 200_000))
    entries = [
        record(registered(n + 1).data, name, at=at)
        for n, (name, at) in enumerate(zip(names, (first, second), strict=True))
    ]

    for order in (entries, entries[::-1]):
        register = household(*order).register
        assert register is not None
        assert len(register.members) == 2


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_entries_that_overtake_each_other_the_latest_counts_and_the_late_one_is_told_apart(
    order: tuple[int, ...],
) -> None:
    entries = [
        record(registered(n + 1).data, f"entry {n}", at=datetime(2026, 1, 1, 0, minute, tzinfo=UTC))
        for n, minute in enumerate((10, 20, 30))
    ]
    home, outcomes = Household(), []
    for n in order:
        home, folded = fold(home, entries[n], entries[n].data, OPEN_DAY)  # type: ignore[arg-type]
        outcomes.append(folded)

    assert home.register is not None
    assert (len(home.register.members), [o is Folded.SUPERSEDED for o in outcomes]) == (
        3,
        [n < max(order[: i + 1]) for i, n in enumerate(order)],
    )


EXAMPLES = sorted(
    (Path(__file__).parents[3] / "schemas" / "examples" / "household-facts.v1").glob("*.json")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_committed_example_with_all_its_fields_can_be_kept(path: Path) -> None:
    fact = decode_fact(path.read_bytes())
    if isinstance(fact.data, BroadcastFact):
        known = note({}, fact.agency, fact.data) if isinstance(fact.data, FeedHeard) else {}
        state: Household | Control = Control(open_day=OPEN_DAY, bundle="0" * 64, heard=known)
        assert state == unpack_control(pack(state))
    else:
        state, folded = fold(Household(), fact, fact.data, OPEN_DAY)
        assert (folded, state) == (Folded.APPLIED, unpack(pack(state)))


LONG_AGO, LATELY = date(2024, 1, 10), date(2026, 5, 20)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (claim("25000.00", "n", day=LATELY), claim("25000.00", "n", day=LONG_AGO)),
        (
            spending("25000.00", "n", day=LATELY, number="E1"),
            spending("25000.00", "n", day=LONG_AGO, number="E1"),
        ),
        (
            income("9.00", "n", month="2026-04", yearly=False, number="S1"),
            income("9.00", "n", month="2023-11", yearly=False, number="S1"),
        ),
        (
            income("9.00", "n", month="2026-04", number="S1"),
            income("9.00", "n", month="2023-11", yearly=False, number="S1"),
        ),
    ],
)
def test_a_correction_to_a_day_long_ago_counts_before_what_it_corrects_in_any_order(
    wrong: FactRecord, right: FactRecord
) -> None:
    right = right.model_copy(
        update={"fact_id": identity("right"), "id": "right", "time": wrong.time + TICK}
    )
    for order in itertools.permutations((registered(), wrong, right)):
        home = Household()
        outcomes = {}
        for fact in order:
            home, outcomes[fact.id] = fold(home, fact, fact.data, OPEN_DAY)  # type: ignore[arg-type]  # household facts only
            home = forget_old(home, OPEN_DAY)
        seen = judged(home).view

        assert (
            seen.own_shares,
            [i for i in seen.household.incomes if i.last_month > month_of(LONG_AGO)],
        ) == (0, []), order
        assert outcomes["right"] is (
            Folded.REPLACED if order.index(wrong) < order.index(right) else Folded.TOO_OLD
        )
        assert outcomes[wrong.id] is (
            Folded.APPLIED if order.index(wrong) < order.index(right) else Folded.SUPERSEDED
        )
        later = forget_old(home, add_months(OPEN_DAY, 27))
        assert not [
            *later.claims,
            *later.spendings,
            *later.incomes,
        ], "what it corrects can come no more"


def test_a_statement_of_long_ago_that_was_also_said_long_ago_is_not_kept() -> None:
    old = claim("25000.00", "n", day=LONG_AGO)
    old = old.model_copy(update={"time": datetime(2024, 1, 11, tzinfo=UTC)})
    home = household()

    assert fold(home, old, old.data, OPEN_DAY) == (home, Folded.TOO_OLD)  # type: ignore[arg-type]


def test_the_last_yearly_statements_are_those_of_the_item_by_policys_name() -> None:
    names = {"crops": "farm"}
    last = [income("9.00", f"last {m}", month=f"2024-{m:02d}", item="farm") for m in (1, 2, 3)]
    before = income("8.00", "before", month="2023-12", item="Crops")
    home = household(*last)

    assert fold(home, before, before.data, OPEN_DAY, names) == (home, Folded.TOO_OLD)  # type: ignore[arg-type]
    assert fold(home, before, before.data, OPEN_DAY)[1] is Folded.APPLIED, (  # type: ignore[arg-type]
        "another source where policy does not name it"
    )
    both = household(*last, before)
    assert {i.item for i in forget_old(both, OPEN_DAY, names).incomes} == {"farm"}
    assert {i.item for i in forget_old(both, OPEN_DAY).incomes} == {"farm", "Crops"}
