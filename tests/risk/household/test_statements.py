"""A statement has a name.

The latest version of it counts, a repeat changes nothing, and one event reported by two senders is
one.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household, answered, fresh
from foothold_risk.rules.policy import Policy
from foothold_risk.worker.state import pack
from foothold_schemas.facts.checks import Grade, Guarantee
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import HomeState
from foothold_schemas.facts.reports import Concern
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Fen
from tests.support.made.build import (
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
    policy,
    registered,
    reported,
    retracted,
    spending,
    value,
)
from tests.support.made.rules import ALL_IN_FORCE
from tests.support.made.versions import AT, LATER, TICK


def version(fact: FactRecord, name: str, **changes: Any) -> FactRecord:  # noqa: ANN401
    """The same statement under an id of its own."""
    return fact.model_copy(update={"fact_id": identity(name), "id": name, **changes})


def net(*facts: FactRecord, rules: Policy | None = None) -> str:
    amounts = {judged(household(*order), rules=rules).view.net for order in permutations(facts)}
    assert len(amounts) == 1, "any order gives the same"
    return str(Fen(amounts.pop() or 0))


def own(*facts: FactRecord, rules: Policy | None = None) -> str:
    amounts = {
        judged(household(*order), rules=rules).view.own_shares for order in permutations(facts)
    }
    assert len(amounts) == 1, "any order gives the same"
    return str(Fen(amounts.pop()))


def outcome(fact: FactRecord, *before: FactRecord) -> Folded:
    return fold(household(*before), fact, fact.data, OPEN_DAY)[1]  # type: ignore[arg-type]  # household facts only


@pytest.mark.parametrize(("later", "earlier"), LATER)
def test_of_two_versions_the_later_counts_whatever_their_ids(
    later: dict[str, object], earlier: dict[str, object]
) -> None:
    for first_id, other in (("a", "b"), ("b", "a")):
        bill = claim("1000.00", "n")
        entry = registered(1)
        assert (
            own(version(bill, first_id, **earlier), version(claim("10.00", "n"), other, **later))
            == "10.00"
        )
        counted = judged(
            household(version(registered(3), first_id, **later), version(entry, other, **earlier))
        ).view
        assert counted.head_months == 36


def test_twelve_bills_corrected_in_one_file_are_corrected() -> None:
    first = [version(claim("1000.00", f"n{n}"), f"old{n}", place=(n,)) for n in range(12)]
    anew = [
        version(
            claim("10.00", f"n{n}"),
            f"new{n}",
            place=(20 + n,),
            recorded_time=AT + timedelta(hours=1),
        )
        for n in range(12)
    ]

    assert str(Fen(judged(household(*anew, *first)).view.own_shares)) == "120.00"


NUMBERED = [
    (
        income("3000.00", "i", yearly=False, number="S1"),
        income("2000.00", "i", yearly=False, number="S1"),
    ),
    (income("3000.00", "i", number="S1"), income("2000.00", "i", number="S1")),
    (income("3000.00", "i"), income("2000.00", "i")),
    (income("3000.00", "i", item="farm income"), income("2000.00", "i", item="Farm_Income")),
    (
        spending("3000.00", "s", number="S1"),
        spending("2000.00", "s", number="S1", day=date(2026, 4, 1)),
    ),
    (claim("3000.00", "c"), claim("2000.00", "c")),
    (disaster("d", loss="3000.00"), disaster("d", loss="2000.00")),
    (checked(Guarantee.WATER, "k", is_met=False), checked(Guarantee.WATER, "k", is_met=True)),
    (graded(Grade.C, "g", day=date(2026, 5, 1)), graded(Grade.B, "g", day=date(2026, 5, 1))),
]


@pytest.mark.parametrize(("first", "second"), NUMBERED)
def test_another_content_under_one_name_replaces_and_the_same_repeats(
    first: FactRecord, second: FactRecord
) -> None:
    corrected = version(second, "second", time=AT + TICK)
    back = version(first, "third", time=AT + 2 * TICK)

    assert outcome(corrected, first) is Folded.REPLACED
    assert outcome(first, corrected) is Folded.SUPERSEDED
    assert outcome(version(first, "again", time=AT + TICK), first) is Folded.REPEATED
    assert outcome(version(first, "again"), first) is Folded.REPEATED
    assert picture(household(first, corrected, back)) == picture(household(first)), (
        "corrected and corrected back"
    )
    assert picture(household(first, corrected)) == picture(
        household(version(second, "alone", time=AT + TICK))
    ), "as if it had been the only one"


def picture(home: Household) -> tuple[object, ...]:
    """What is told of a household, without ids."""
    seen = judged(home, rules=ALL_IN_FORCE)
    v = seen.view
    grounds = [(f.kind, f.measure, f.window) for f in seen.findings]
    return v.net, v.reference, v.own_shares, v.claims_income, grounds, seen.target


def test_a_repeat_does_not_even_change_the_id_something_rests_on() -> None:
    home = household(income("7000"), claim("6000", "c"))
    again = household(
        income("7000"), claim("6000", "c"), version(claim("6000", "c"), "0", time=AT + TICK)
    )

    assert [f.facts for f in judged(home).findings] == [f.facts for f in judged(again).findings]


def test_what_was_repeated_counts_on_when_the_first_is_taken_back() -> None:
    assert own(claim("6.00", "c"), version(claim("6.00", "c"), "again"), retracted("c")) == "6.00"


def test_an_amendment_comes_before_any_order() -> None:
    late = version(claim("1.00", "c"), "late", time=AT + TICK)

    assert own(late, amending(version(claim("2.00", "c"), "early"), "late")) == "2.00"


def test_a_yearly_income_sent_twice_counts_once_and_a_monthly_one_of_it_takes_its_month() -> None:
    assert net(income("1300.00", "y1"), income("1300.00", "y2")) == "1300.00"
    assert (
        net(
            income("1200.00", "y"),
            income("700.00", "m", month="2026-03", yearly=False, item="earnings"),
        )
        == "1800.00"
    )
    assert (
        net(income("1200.00", "y"), income("700.00", "m", month="2026-03", yearly=False))
        == "1900.00"
    ), "another item is another source"


@pytest.mark.parametrize(
    ("first", "other", "together"),
    [
        (income("50.00", "a", yearly=False), income("50.00", "b", yearly=False), "50.00"),
        (income("50.00", "a", yearly=False), income("60.00", "b", yearly=False), "110.00"),
        (
            income("50.00", "a", yearly=False),
            income("50.00", "b", yearly=False, agency="factory"),
            "100.00",
        ),
        (
            income("50.00", "a", yearly=False),
            income("50.00", "b", yearly=False, person_ref="p1"),
            "100.00",
        ),
        (
            income("50.00", "a", yearly=False),
            income("50.00", "b", yearly=False, item="bonus"),
            "100.00",
        ),
        (
            income("50.00", "a", yearly=False),
            income("50.00", "b", yearly=False, number="S2"),
            "100.00",
        ),
        (
            income("50.00", "a", yearly=False, number="S1"),
            income("50.00", "b", yearly=False, number="S2"),
            "100.00",
        ),
        (
            income("50.00", "a", yearly=False, number="S1"),
            income("50.00", "b", yearly=False, number="S1", agency="factory"),
            "100.00",
        ),
        (
            income("50.00", "a", yearly=False, category="operating", expense="10.00"),
            income("50.00", "b", yearly=False, category="operating"),
            "90.00",
        ),
    ],
)
def test_equal_monthly_statements_of_a_source_are_one_and_others_add_up(
    first: FactRecord, other: FactRecord, together: str
) -> None:
    known = income("0.00", "heard", item="heard")
    # whole histories are sent again, stamped with the day of sending
    resent = version(other, other.id, time=AT + timedelta(days=3))

    assert net(known, first, other) == together
    assert net(known, first, resent) == together


def test_without_a_month_the_day_it_happened_tells_two_equal_wages_apart() -> None:
    def wage(name: str, day: int) -> FactRecord:
        fact = income("50.00", name, yearly=False, at=datetime(2026, 5, day, 4, tzinfo=UTC))
        return fact.model_copy(update={"data": fact.data.model_copy(update={"earned_month": None})})

    known = income("0.00", "heard", item="heard")
    assert net(known, wage("a", 3), wage("b", 18)) == "100.00"
    assert net(known, wage("a", 3), wage("b", 3)) == "50.00"


def test_spending_of_one_source_day_and_amounts_counts_once_and_a_number_tells_two_apart() -> None:
    assert own(spending("70.00", "a"), spending("70.00", "b")) == "70.00"
    assert own(spending("70.00", "a"), spending("70.00", "b", number="S1")) == "140.00"
    assert own(spending("70.00", "a"), spending("70.00", "b", day=date(2026, 3, 16))) == "140.00"


def stay(total: str, name: str, agency: str, *, paid: str = "0", at: datetime = AT) -> FactRecord:
    return version(
        claim(total, name, paid=paid, stay="H1", person_ref="p0"), name, agency=agency, time=at
    )


def test_one_stay_billed_by_two_senders_with_one_total_is_one_event() -> None:
    hospital, bureau = (
        stay("12000.00", "h", "hospital"),
        stay("12000.00", "b", "bureau", paid="4000.00", at=AT + TICK),
    )
    parts = (stay("5000.00", "h1", "hospital"), stay("7000.00", "h2", "hospital"))
    first = policy(claims_precedence=value("claims.precedence", ("hospital", "bureau")))

    assert own(hospital, bureau) == "8000.00"
    assert own(*parts, bureau) == "8000.00", "each sender's added up"
    assert own(hospital, bureau, rules=first) == "12000.00"
    assert own(hospital, stay("12000.01", "b", "bureau")) == "24000.01"
    assert (
        own(
            hospital, version(bureau, "b", data=bureau.data.model_copy(update={"person_ref": "p1"}))
        )
        == "20000.00"
    )


def test_a_disaster_is_a_hazard_and_a_day_whoever_tells_it_and_the_verified_counts_first() -> None:
    by_village = disaster("village", home=HomeState.DESTROYED, is_verified=False)
    seen = version(
        disaster("bureau", home=HomeState.BADLY_DAMAGED),
        "bureau",
        agency="housing-bureau",
        time=AT - TICK,
    )
    worse = version(
        disaster("later", home=HomeState.DESTROYED),
        "later",
        agency="housing-bureau",
        time=AT + TICK,
    )

    def homes(*facts: FactRecord) -> list[HomeState]:
        (homes,) = {
            tuple(sorted(d.home for d in judged(household(*order)).view.disasters))
            for order in permutations(facts)
        }
        return list(homes)

    assert homes(by_village, seen) == [HomeState.BADLY_DAMAGED]
    assert homes(by_village, seen, worse) == [HomeState.DESTROYED]
    assert homes(seen, disaster("other", home=HomeState.UNHURT, day=date(2026, 6, 8))) == [
        HomeState.BADLY_DAMAGED,
        HomeState.UNHURT,
    ]


def test_a_report_under_a_new_id_is_answered_when_it_was() -> None:
    home = household(income("90000"), reported(Concern.ILLNESS, "r1"), reported(Concern.WORK, "r2"))
    assert len(home.unanswered) == 2

    home = fresh(home, position=answered(home, home.position))
    again = reported(Concern.ILLNESS, "r3")
    home, folded = fold(home, again, again.data, OPEN_DAY)  # type: ignore[arg-type]
    assert (folded, home.unanswered) == (Folded.REPEATED, ())
    assert FindingKind.RISK_REPORTED not in judged(home, rules=ALL_IN_FORCE).kinds


def test_forty_facts_with_their_versions_fit_in_five_kilobytes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    at = datetime(2026, 5, 20, 8, 15, 33, 123_456, tzinfo=UTC)
    wages = [
        income("1500.00", f"w{n}", month=f"2025-{n + 1:02d}", yearly=False, person_ref="p0")
        for n in range(12)
    ]
    more = [
        income(
            "80.00",
            f"p{n}",
            month=f"2025-{n + 1:02d}",
            yearly=False,
            item="pension",
            category="transfer",
        )
        for n in range(12)
    ]
    rest = [claim("120.00", f"c{n}", person_ref="p0", paid="60.00") for n in range(10)] + [
        spending("40.00", f"s{n}", day=date(2026, 1, n + 1)) for n in range(3)
    ]
    others = [
        disaster(),
        checked(Guarantee.WATER, is_met=True),
        graded(Grade.B, "g", day=date(2026, 5, 1)),
    ]
    facts = [
        version(
            f, f"{f.id}!", time=at, recorded_time=at + timedelta(seconds=n), place=(3, 100_000 + n)
        )
        for n, f in enumerate([*wages, *more, *rest, *others])
    ]
    packed = len(pack(household(*facts)))
    with capsys.disabled():
        print(f"\n{len(facts)} facts: {packed} bytes packed, {packed // len(facts)} a fact")

    assert len(facts) == 40
    assert packed < 5_200
