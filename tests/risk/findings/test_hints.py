"""Hints: help nobody has asked for yet, and what people should verify.

Each with its boundary, its facts and both sentences.
"""

from datetime import UTC, date, datetime

import pytest

from foothold_risk.messages.insight import hints_of
from foothold_risk.rules.policy import Cover
from foothold_schemas.facts.checks import Asset, Grade
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import IncomeCategory
from foothold_schemas.facts.register import CoverHeld, Member
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.explanation import Hint, HintKind
from foothold_schemas.values import Fen, Sentence, Standing
from tests.support.made.build import (
    OPEN_DAY,
    claim,
    graded,
    household,
    income,
    judged,
    owns,
    policy,
    registered,
    value,
)
from tests.support.made.rules import ALL_IN_FORCE

INSURED = CoverHeld(cover="city_supplement", from_day=date(2025, 1, 1))


def hints(*facts: FactRecord, day: date = OPEN_DAY) -> tuple[Hint, ...]:
    return hints_of(judged(household(*facts), day, ALL_IN_FORCE), ALL_IN_FORCE.currency)


def unclaimed(*facts: FactRecord, cover: CoverHeld = INSURED) -> list[str]:
    """What may still be claimed from the city's supplement, hint by hint."""
    all_hints = hints(registered(covers=[cover]), *facts)
    return [str(h.amount) for h in all_hints if h.kind is HintKind.CITY_SUPPLEMENT_UNCLAIMED]


def bill(total: str, name: str = "bill", **more: object) -> FactRecord:
    return claim(total, name, person_ref="p0", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("total", "amounts"),
    [
        ("50000.00", ["24000.00"]),
        ("20000.00", []),
        ("20000.01", []),
        ("20000.02", ["0.01"]),
        ("1269999.99", ["999999.99"]),
        ("1270000.00", ["1000000.00"]),
        ("1270000.02", ["1000000.00"]),
    ],
)
def test_the_city_supplement_owes_80_percent_of_what_basic_insurance_left_above_20_000_to_its_cap(
    total: str, amounts: list[str]
) -> None:
    assert unclaimed(bill(total)) == amounts


def test_what_basic_insurance_paid_is_not_left_and_other_layers_leave_less_unpaid() -> None:
    assert unclaimed(bill("80000.00", paid="30000.00")) == ["24000.00"]
    assert unclaimed(bill("50000.00", paid="40000.00", layer="medical_assistance")) == ["10000.00"]


def test_what_it_has_paid_on_the_bill_or_in_hand_is_no_longer_owed_and_counts_once() -> None:
    on_bill = bill("50000.00", paid="4000.00", layer="city_supplement")
    in_hand = income(
        "4000.00",
        "payout",
        yearly=False,
        month="2026-04",
        category=IncomeCategory.CLAIMS,
        item="city_supplement",
        person_ref="p0",
    )

    elsewhere = income(
        "9000.00",
        "other",
        yearly=False,
        month="2026-04",
        category=IncomeCategory.CLAIMS,
        item="accident-cover",
        person_ref="p0",
    )
    another_year = income(
        "9000.00",
        "past",
        yearly=False,
        month="2025-04",
        category=IncomeCategory.CLAIMS,
        item="city_supplement",
        at=_at(2025, 4, 1),
    )
    anothers = income(
        "9000.00",
        "hers",
        yearly=False,
        month="2026-04",
        category=IncomeCategory.CLAIMS,
        item="city_supplement",
        person_ref="p1",
    )
    nobodys = income(
        "4000.00",
        "whose",
        yearly=False,
        month="2026-04",
        category=IncomeCategory.CLAIMS,
        item="city_supplement",
    )

    assert unclaimed(bill("50000.00"), elsewhere, another_year, anothers) == ["24000.00"]
    assert unclaimed(bill("50000.00"), nobodys) == ["20000.00"]
    assert unclaimed(on_bill) == ["20000.00"]
    assert unclaimed(bill("50000.00"), in_hand) == ["20000.00"]
    assert unclaimed(on_bill, in_hand) == ["20000.00"]
    assert unclaimed(bill("50000.00", paid="24000.00", layer="city_supplement")) == []


def test_a_payout_belongs_to_its_bills_calendar_year_whenever_it_is_paid() -> None:
    december = bill("50000.00", "b-dec", day=date(2025, 12, 20), stay="S")
    january = bill("50000.00", "b-jan", day=date(2026, 1, 20))

    def payout(**more: str) -> FactRecord:
        month = more.pop("month", "2026-01")
        return income(
            "24000.00",
            "payout",
            yearly=False,
            month=month,
            category="claims",
            item="City Supplement",
            person_ref="p0",
            at=_at(2026, 1, 25),
            **more,
        )

    assert unclaimed(december, january) == ["24000.00", "24000.00"]
    assert unclaimed(december, payout(claim_number="b-dec")) == []
    assert unclaimed(december, payout(stay="S")) == []
    assert unclaimed(december, payout(month="2025-12")) == []
    assert unclaimed(december, payout()) == ["24000.00"]
    assert unclaimed(january, payout(claim_number="b-jan", month="2025-12")) == []
    assert unclaimed(january, payout(claim_number="unknown")) == [], (
        "a bill nobody sent says nothing: its month does"
    )


def test_each_person_calendar_year_and_setting_stands_for_itself() -> None:
    two_years = (
        bill("50000.00", "old", day=date(2025, 12, 31)),
        bill("50000.00", "new", day=date(2026, 1, 1)),
    )
    two_settings = (bill("50000.00", "stay"), bill("30000.00", "drugs", setting="special_drugs"))
    people = registered(2, covers=[INSURED])
    two_people = (claim("20000.02", "a", person_ref="p0"), claim("20000.02", "b", person_ref="p1"))

    assert unclaimed(*two_years) == ["24000.00", "24000.00"]
    assert unclaimed(*two_settings) == ["24000.00", "8000.00"]
    assert unclaimed(bill("50000.00", setting="outpatient")) == []
    assert unclaimed(claim("50000.00", "of-nobody")) == []
    assert [
        str(h.amount)
        for h in hints(people, *two_people)
        if h.kind is HintKind.CITY_SUPPLEMENT_UNCLAIMED
    ] == ["0.01", "0.01"]


@pytest.mark.parametrize(
    ("cover", "is_covered"),
    [
        (CoverHeld(cover="city_supplement", from_day=date(2026, 3, 15)), True),
        (CoverHeld(cover="city_supplement", from_day=date(2026, 3, 16)), False),
        (
            CoverHeld(
                cover="city_supplement", from_day=date(2026, 1, 1), until_day=date(2026, 3, 15)
            ),
            True,
        ),
        (
            CoverHeld(
                cover="city_supplement", from_day=date(2026, 1, 1), until_day=date(2026, 3, 14)
            ),
            False,
        ),
        (CoverHeld(cover="city_supplement", from_day=date(2026, 1, 1), person_ref="p0"), True),
        (CoverHeld(cover="city_supplement", from_day=date(2026, 1, 1), person_ref="p1"), False),
        (CoverHeld(cover="city_supplement", from_day=date(2026, 1, 1), project="p0"), False),
        (CoverHeld(cover="income_cover", from_day=date(2026, 1, 1)), False),
    ],
)
def test_only_a_bill_of_a_day_on_which_the_person_was_covered_is_owed(
    cover: CoverHeld, *, is_covered: bool
) -> None:
    assert bool(unclaimed(bill("50000.00"), cover=cover)) is is_covered


def test_the_unclaimed_amount_is_said_with_its_year_policy_and_bills() -> None:
    (hint,) = (
        h
        for h in hints(registered(covers=[INSURED]), bill("50000.00"))
        if h.kind is HintKind.CITY_SUPPLEMENT_UNCLAIMED
    )

    assert (
        hint.text.en
        == "One member is entitled to 24000.00 yuan more from 齐惠保 for inpatient care in 2026,"
        " not yet claimed."
    )
    assert hint.text.zh == "一名成员2026年住院费用还可由齐惠保赔付24000.00元，尚未申领。"
    assert hint.policy is not None
    assert (hint.policy.name, [f.amount for f in hint.facts]) == (
        "city_supplement.share",
        [Fen.parse("50000.00")],
    )


def test_a_cover_that_answers_a_finding_and_has_paid_nothing_is_named_without_an_amount() -> None:
    held = registered(
        [Member(person_ref="p0")],
        covers=[CoverHeld(cover="income_cover", from_day=date(2026, 1, 1))],
    )
    wages = [
        income("3000.00", f"w{month}", month=month, yearly=False, person_ref="p0")
        for month in ("2025-06", "2025-12")
    ]
    year = income("60000.00", "year", category=IncomeCategory.OPERATING)
    payout = income(
        "310.00", "payout", yearly=False, category=IncomeCategory.CLAIMS, item="income_cover"
    )

    def covers(*facts: FactRecord) -> list[Hint]:
        return [h for h in hints(*facts) if h.kind is HintKind.COVER_UNCLAIMED]

    (hint,) = covers(held, *wages, year)
    assert (hint.amount, hint.text.zh) == (None, "已参保收入保，近一年尚无赔付，请向承保机构申请。")
    assert "income cover (收入保)" in hint.text.en
    assert covers(held, *wages, year, payout) == []
    assert covers(registered(), *wages, year) == [], "not held"
    assert covers(held, year) == [], "nothing found"
    assert (
        covers(
            registered(
                covers=[
                    CoverHeld(
                        cover="income_cover", from_day=date(2025, 1, 1), until_day=date(2026, 6, 9)
                    )
                ]
            ),
            *wages,
            year,
        )
        == []
    ), "ended"


def test_a_cover_that_pays_on_bills_is_named_until_a_bill_shows_that_it_paid() -> None:
    known = Cover(
        "critical_illness",
        Sentence(zh="大病保险", en="critical illness insurance"),
        frozenset({FindingKind.SELF_PAID_HIGH}),
    )
    rules = policy(covers_known=value("covers.known", (known,)))
    held = registered(covers=[CoverHeld(cover="critical_illness", from_day=date(2026, 1, 1))])

    def covers(*facts: FactRecord) -> list[str]:
        return [
            h.text.zh
            for h in hints_of(judged(household(*facts), OPEN_DAY, rules), rules.currency)
            if h.kind is HintKind.COVER_UNCLAIMED
        ]

    assert covers(held, bill("50000.00", paid="1000.00")) == [
        "已参保大病保险，近一年尚无赔付，请向承保机构申请。"
    ]
    assert covers(held, bill("50000.00", paid="1000.00", layer="critical_illness")) == []


@pytest.mark.parametrize(
    ("paid", "over"), [("9000.00", None), ("8999.99", "0.01"), ("0", "9000.00")]
)
def test_an_ex_poor_household_that_bears_more_than_a_tenth_of_its_bills_is_told_by_how_much(
    paid: str, over: str | None
) -> None:
    def above(standing: Standing) -> list[str]:
        given = hints(registered(standing=standing), claim("10000.00", paid=paid))
        return [str(h.amount) for h in given if h.kind is HintKind.OWN_SHARE_ABOVE_TARGET]

    assert above(Standing.EX_POOR) == ([] if over is None else [over])
    assert above(Standing.ORDINARY) == []


def test_the_own_share_is_said_with_the_total_and_the_target() -> None:
    (hint,) = hints(registered(standing=Standing.EX_POOR), claim("10000.00", paid="5000.00"))

    assert hint.text.en.startswith(
        "Own share of bills in the rolling year is 5000.00 of 10000.00 yuan, 4000.00 above the"
        " target of 10%"
    )
    assert "自付5000.00元，比10%的目标多4000.00元" in hint.text.zh


def test_a_car_asks_for_verification_and_a_car_for_a_disability_does_not() -> None:
    (hint,) = hints(owns(Asset.CAR, Asset.DEPOSIT))

    assert (hint.kind, hint.text.zh) == (
        HintKind.NEGATIVE_LIST,
        "负面清单项：车辆。请核实并说明理由，不自动排除。",
    )
    assert hint.facts[0].kind == "AssetsChecked"
    assert hints(owns(Asset.CAR, for_disability=True)) == ()
    assert hints(owns(Asset.DEPOSIT)) == (), "not on this county's list"


def test_the_latest_check_of_assets_counts_in_any_order_and_an_empty_one_clears() -> None:
    owned, cleared = owns(Asset.TOWN_HOUSE, day=date(2026, 4, 1)), owns(day=date(2026, 5, 1))

    assert hints(owned, cleared) == hints(cleared, owned) == ()
    assert len(hints(owned)) == 1


def test_a_register_split_on_paper_is_flagged_with_the_other_entry() -> None:
    (hint,) = hints(registered(one_budget_with="V2"))

    assert hint.kind is HintKind.ONE_BUDGET
    assert "register entry V2" in hint.text.en
    assert "户号V2" in hint.text.zh
    assert hints(registered()) == ()


@pytest.mark.parametrize(
    ("low", "given", "by_scores"),
    [
        ("health", Grade.B, None),
        ("health", Grade.C, "60, which is B"),
        ("production", Grade.B, "55, which is C"),
        ("income", Grade.A, "57.5, which is C"),
    ],
)
def test_a_grade_the_scores_do_not_lead_to_is_to_be_checked_and_an_edge_is_of_the_band_it_begins(
    low: str, given: Grade, by_scores: str | None
) -> None:
    shown = hints(graded(given, "review", day=date(2026, 5, 1), low=low))

    assert [h.text.en for h in shown] == (
        []
        if by_scores is None
        else [f"The village graded {given}; its scores weigh {by_scores}: check the review."]
    )


def test_a_payout_of_a_fen_is_a_payout_and_one_of_nothing_or_of_last_year_is_none() -> None:
    held = registered(
        [Member(person_ref="p0")],
        covers=[CoverHeld(cover="income_cover", from_day=date(2025, 1, 1))],
    )
    wage = income("3000.00", "w", month="2025-12", yearly=False, person_ref="p0")
    year = income("60000.00", "year", category=IncomeCategory.OPERATING)

    def is_named(amount: str, day: datetime) -> bool:
        payout = income(
            amount,
            "payout",
            yearly=False,
            category=IncomeCategory.CLAIMS,
            item="income_cover",
            at=day,
        )
        return HintKind.COVER_UNCLAIMED in {h.kind for h in hints(held, wage, year, payout)}

    assert [is_named(amount, _at(2026, 6, 1)) for amount in ("0.01", "0.00", "-0.01")] == [
        False,
        True,
        True,
    ]
    assert [is_named("1.00", _at(2025, 6, day)) for day in (10, 11)] == [True, False]
    assert not is_named("1.00", _at(2026, 6, 10)), "paid on the open day itself"


def test_half_a_policy_of_the_supplement_promises_nothing() -> None:
    home = household(registered(covers=[INSURED]), bill("50000.00"))
    names = ("city_supplement_share", "city_supplement_above", "city_supplement_cap_inpatient")
    whole = {
        name: value(name, amount)
        for name, amount in zip(names, (8_000, 2_000_000, 100_000_000), strict=True)
    }

    def promised(**changes: object) -> int:
        rules = policy(**(whole | changes))
        return len(hints_of(judged(home, rules=rules), rules.currency))

    assert promised() == 1
    assert [promised(**{name: None}) for name in names] == [0, 0, 0]


def test_a_cover_names_the_first_finding_it_answers_and_the_register_entry_it_stands_in() -> None:
    held = registered(
        [Member(person_ref="p0")],
        covers=[CoverHeld(cover="income_cover", from_day=date(2026, 1, 1))],
    )
    wages = [
        income("3000.00", f"w{month}", month=month, yearly=False, person_ref="p0")
        for month in ("2025-06", "2025-12")
    ]
    years = [income("90000.00", "before", month="2025-05"), income("20000.00", "now")]
    (hint,) = (h for h in hints(held, *wages, *years) if h.kind is HintKind.COVER_UNCLAIMED)

    assert [f.kind for f in hint.facts] == ["HouseholdRegistered", *["IncomeReported"] * 4]


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 4, tzinfo=UTC)
