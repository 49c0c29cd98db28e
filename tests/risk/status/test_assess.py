"""The table of the three groups, row by row, and what unknown means."""

import pytest

from foothold_risk.rules.status.assess import Target
from foothold_schemas.facts.facts import FeedHeard
from foothold_schemas.facts.register import Member
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Status
from foothold_schemas.values import Group, Standing
from tests.support.made.build import (
    AREA,
    OPEN_DAY,
    claim,
    disaster,
    heard,
    household,
    income,
    judged,
    registered,
    step,
)


@pytest.mark.parametrize(
    ("standing", "group"),
    [(Standing.EX_POOR, Group.UNSTABLE_EX_POOR), (Standing.ORDINARY, Group.MARGINAL)],
)
def test_below_the_line_with_a_risk_the_standing_decides_the_group(
    standing: Standing, group: Group
) -> None:
    target = judged(household(registered(standing=standing), income("7299"), claim("5200"))).target

    assert (Status.GROUP, group, True) == (target.status, target.group, target.is_lead)


def test_at_or_above_the_line_a_shock_that_endangers_basic_living_is_sudden_and_urgent() -> None:
    assert (
        Target(Status.GROUP, Group.SUDDEN_HARDSHIP, is_lead=True, is_urgent=True)
        == judged(household(income("10000"), claim("7001"))).target
    )


def test_at_or_above_the_line_a_shock_that_endangers_nobody_is_a_lead_without_group() -> None:
    home = household(registered(), income("90000"), claim("25000"))

    assert Target(Status.WATCH, is_lead=True) == judged(home).target


def test_a_destroyed_home_endangers_basic_living_whatever_the_income() -> None:
    assert judged(household(income("90000"), disaster())).target.group == Group.SUDDEN_HARDSHIP


def test_income_below_the_line_alone_is_only_a_reference() -> None:
    assert Target(Status.WATCH) == judged(household(income("5000"))).target


@pytest.mark.parametrize(
    ("net", "status"),
    [("7299.99", Status.WATCH), ("7300.00", Status.WATCH), ("7300.01", Status.CLEAR)],
)
def test_exactly_on_the_line_is_shown_for_review_and_a_fen_more_is_not(
    net: str, status: Status
) -> None:
    target = judged(household(income(net))).target

    assert (status, False) == (target.status, target.is_lead)


@pytest.mark.parametrize(("bill", "group"), [("2700.00", None), ("2700.01", Group.SUDDEN_HARDSHIP)])
def test_the_reference_per_head_must_be_below_the_line_to_endanger(
    bill: str, group: Group | None
) -> None:
    home = household(income("10000.00"), claim(bill), disaster(home="badly_damaged"))

    assert group == judged(home).target.group


@pytest.mark.parametrize(
    ("net", "target"),
    [
        ("7299.99", Target(Status.GROUP, Group.MARGINAL, is_lead=True, is_urgent=True)),
        ("7300.00", Target(Status.WATCH, is_lead=True)),
    ],
)
def test_a_household_exactly_on_the_line_counts_as_at_the_line_not_below(
    net: str, target: Target
) -> None:
    assert target == judged(household(income(net), disaster(home="badly_damaged"))).target


def test_a_home_destroyed_on_the_line_itself_is_sudden_hardship() -> None:
    assert (
        Target(Status.GROUP, Group.SUDDEN_HARDSHIP, is_lead=True, is_urgent=True)
        == judged(household(income("7300.00"), disaster())).target
    )


def test_a_destroyed_home_nobody_has_verified_endangers_nobody_yet() -> None:
    home = household(income("90000"), claim("25000"), disaster(is_verified=False))

    assert Target(Status.WATCH, is_lead=True) == judged(home).target


def test_a_household_whose_members_all_left_is_a_natural_exit() -> None:
    home = household(
        registered([Member(person_ref="a", left_on=OPEN_DAY.replace(day=9))]),
        income("1000"),
        claim("900"),
    )

    assert judged(home).target.is_natural


class TestUnknown:
    """Missing data never triggers a group and never clears one."""

    def test_a_household_nobody_reported_income_for_is_not_below_the_line(self) -> None:
        assert Target(Status.CLEAR) == judged(household()).target

    def test_a_shock_without_heard_income_is_a_lead_because_either_side_of_the_line_leads_to_one(
        self,
    ) -> None:
        assert Target(Status.WATCH, is_lead=True) == judged(household(disaster())).target

    def test_a_group_is_kept_while_income_is_unknown_and_its_findings_are_held(self) -> None:
        in_group, _ = step(household(income("7000"), claim("6000")))
        later = OPEN_DAY.replace(month=7, day=1)
        still, moves = step(in_group, later)

        assert moves == ()
        assert still.position.group == Group.MARGINAL
        assert FindingKind.RIGID_SPENDING_RATIO in still.position.findings

    @pytest.mark.parametrize("area", [AREA, AREA[:9], AREA[:6]])
    def test_an_agency_that_says_it_has_no_more_makes_the_months_heard(self, area: str) -> None:
        home = household(income("100", yearly=False))
        spoken = heard(FeedHeard(feed="IncomeReported", area=area, through_month="2026-05"))

        assert None is judged(home).view.net
        assert judged(home, known=spoken).view.net == 10_000

    @pytest.mark.parametrize(
        "spoken",
        [
            FeedHeard(feed="IncomeReported", area="370301", through_month="2026-05"),
            FeedHeard(feed="MedicalClaimSettled", area=AREA, through_month="2026-05"),
            FeedHeard(feed="IncomeReported", area=AREA, through_month="2026-04"),
            FeedHeard(
                feed="IncomeReported", area=AREA, from_month="2025-07", through_month="2026-05"
            ),
        ],
        ids=[
            "another county",
            "another feed",
            "a month short at the end",
            "a month short at the start",
        ],
    )
    def test_what_was_not_said_stays_unknown(self, spoken: FeedHeard) -> None:
        assert None is judged(household(), known=heard(spoken)).view.net

    def test_another_agency_does_not_speak_for_the_required_one(self) -> None:
        spoken = heard(
            FeedHeard(feed="IncomeReported", area=AREA, through_month="2026-05"), agency="bank"
        )

        assert None is judged(household(), known=spoken).view.net
