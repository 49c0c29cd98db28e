"""What senders are asked about: pairs of facts, and never about what has a number."""

from datetime import UTC, date, datetime

from foothold_risk.messages.view import view_of
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.items import Counts, IncomeItem
from foothold_risk.rules.money.doubts import Doubt, doubts
from foothold_risk.rules.policy import Policy
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.messages.explanation import DoubtKind
from foothold_schemas.messages.transitions import Status
from foothold_schemas.messages.views import HouseholdView
from foothold_schemas.wire.codec import decode_view
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    OPEN_DAY,
    amending,
    claim,
    household,
    identity,
    in_force,
    income,
    judged,
    policy,
    retracted,
    spending,
    step,
    value,
)
from tests.support.made.versions import AT, TICK

TOLD_IN_MAY = datetime(2026, 5, 11, 4, tzinfo=UTC)
HEARD = {f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)}


def pairs(*facts: FactRecord) -> list[tuple[str, str, str]]:
    names = {bytes.fromhex(f.fact_id): f.id for f in facts}
    return [
        (d.kind.value, names[d.counted], names[d.other])
        for d in doubts(household(*facts), in_force())
    ]


def later(fact: FactRecord, agency: str | None = None) -> FactRecord:
    return fact.model_copy(update={"time": AT + TICK, "agency": agency or fact.agency})


def test_what_counts_once_is_asked_about_and_the_answer_ends_it() -> None:
    first, again = income("1300.00", "y1"), later(income("1300.00", "y2"))
    both_real = amending(later(income("1300.00", "y3", number="S2")), "y2")

    assert pairs(first, again) == [("repeated", "y1", "y2")]
    assert pairs(first, later(income("2000.00", "y2"))) == [("repeated", "y2", "y1")], (
        "the later takes the place of the earlier"
    )
    assert pairs(first, again, both_real) == []
    assert pairs(first, again, retracted("y2")) == []
    assert judged(household(first, again, both_real)).view.net == 260_000
    assert pairs(spending("70.00", "s1"), spending("70.00", "s2"))[0][0] == "repeated"


def test_a_wage_told_with_its_month_and_without_is_asked_about_and_both_may_be_real() -> None:
    given = income("500.00", "given", month="2026-05", yearly=False)
    data = given.data.model_copy(update={"earned_month": None})
    on_a_day = given.model_copy(
        update={"data": data, "fact_id": identity("day"), "id": "day", "time": TOLD_IN_MAY}
    )
    numbered = amending(income("500.00", "n", month="2026-05", yearly=False, number="S1"), "given")

    assert pairs(given, on_a_day) == pairs(on_a_day, given) == [("repeated", "day", "given")]
    assert pairs(given, on_a_day, numbered) == []
    home, outcome = fold(household(given), on_a_day, data, OPEN_DAY)  # type: ignore[arg-type]
    assert (outcome, judged(home, known=HEARD).view.net) == (Folded.REPEATED, 50_000)
    assert judged(household(given, on_a_day, numbered), known=HEARD).view.net == 100_000


def test_what_has_a_number_or_is_two_sources_is_not_asked_about() -> None:
    assert pairs(income("1.00", "a", number="S1"), later(income("2.00", "b", number="S1"))) == []
    assert pairs(income("1.00", "a", yearly=False), income("2.00", "b", yearly=False)) == []
    assert pairs(claim("1.00", "c"), claim("1.00", "d")) == []


def test_both_senders_of_one_stay_are_asked() -> None:
    hospital = claim("12000.00", "h", stay="S", person_ref="p0")
    same, other = (
        later(claim("12000.00", "b", stay="S", person_ref="p0"), "bureau"),
        later(claim("9.00", "b", stay="S", person_ref="p0"), "bureau"),
    )

    assert pairs(hospital, same) == [("one_stay", "b", "h")]
    assert pairs(hospital, other) == [("two_totals", "b", "h")]
    first = in_force(claims_precedence=value("claims.precedence", ("health-insurance",)))
    assert [d.kind for d in doubts(household(hospital, same), first)] == [DoubtKind.ONE_STAY]
    assert doubts(household(hospital, same), first)[0].counted.hex() == identity("h")


def test_the_view_says_what_to_ask_and_which_items_policy_does_not_name() -> None:
    rules = policy(
        income_items=value(
            "income.items", (IncomeItem("salary", Counts.COUNTED, frozenset({"wage"})),)
        )
    )
    home = household(
        income("7000.00", "y1"),
        later(income("7000.00", "y2")),
        income("1.00", "w", yearly=False, item="Wage"),
        claim("6000.00", day=date(2026, 3, 1)),
    )
    home, _ = step(home, rules=rules)
    view = decode_view(view_of(HOUSEHOLD, home.position, judged(home, rules=rules), rules))

    assert [(d.kind, d.counted, d.other) for d in view.doubts] == [
        (DoubtKind.REPEATED, identity("y1"), identity("y2"))
    ]
    assert view.unknown_items == ("earnings",)
    assert Doubt(
        DoubtKind.REPEATED, bytes.fromhex(identity("y1")), bytes.fromhex(identity("y2"))
    ) in doubts(home, in_force())


def test_a_statement_replaced_under_another_name_of_its_item_is_asked_about() -> None:
    home = household(
        income("7000.00", "y1", item="farm"), later(income("9000.00", "y2", item="Crops"))
    )
    synonyms = in_force(
        income_items=value(
            "income.items", (IncomeItem("farm", Counts.COUNTED, frozenset({"crops"})),)
        )
    )

    assert doubts(home, synonyms) == (
        Doubt(DoubtKind.REPEATED, bytes.fromhex(identity("y2")), bytes.fromhex(identity("y1"))),
    )
    assert doubts(home, in_force()) == (), "without the policy's word they are two sources"


def viewed(*facts: FactRecord, day: date, rules: Policy | None = None) -> HouseholdView | None:
    """What is published of the household on a day, wherever it stands."""
    home, _ = step(household(*facts), day, rules)
    written = view_of(HOUSEHOLD, home.position, judged(home, day, rules), rules or policy())
    return decode_view(written) if written else None


def test_the_sender_of_a_yearly_income_that_lapsed_is_asked_from_the_first_unknown_month() -> None:
    years = [
        income("90000.00", "y1", month="2024-06", agency="bureau"),
        income("90000.00", "y2", month="2025-06", agency="bureau"),
    ]
    before, after = viewed(*years, day=date(2026, 12, 31)), viewed(*years, day=date(2027, 1, 1))
    ended = amending(
        income("90000.00", "y3", month="2025-06", agency="bureau", until_month="2026-12"), "y2"
    )

    assert before is None
    assert after is not None
    assert after.status is Status.CLEAR, (
        "nobody has a page of it, and its sender is asked all the same"
    )
    assert [(d.kind, d.counted, d.other, d.since) for d in after.doubts] == [
        (DoubtKind.LAPSED, identity("y2"), identity("y2"), "2027-01")
    ]
    assert not after.findings
    answered = viewed(*years, ended, day=date(2027, 1, 1))
    assert answered is None or answered.doubts == ()


def test_of_a_clear_household_too_it_is_asked_what_cannot_be_told_apart() -> None:
    once = viewed(income("90000.00", "y1"), day=OPEN_DAY)
    twice = viewed(income("90000.00", "y1"), later(income("90000.00", "y2")), day=OPEN_DAY)

    assert once is None
    assert twice is not None
    assert (twice.status, [d.kind for d in twice.doubts], twice.trace, twice.saw) == (
        Status.CLEAR,
        [DoubtKind.REPEATED],
        (),
        (),
    )
