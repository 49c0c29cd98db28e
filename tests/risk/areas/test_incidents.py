"""Something struck an area, and nobody is flagged by it.

Whom it may have hit is shown; when it changes or ends, what is shown changes or ends.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from foothold_risk.messages.judge import Subject, judge
from foothold_risk.policy.regions import reaches
from foothold_risk.rules.context.cause import cause_of
from foothold_risk.rules.context.control import Control, apply_broadcast
from foothold_risk.rules.context.incidents import note, touched, turning
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Exposure, Policy, Reach
from foothold_schemas.facts.facts import AreaStruck, DayOpened, Hazard, IncomeCategory, Severity
from foothold_schemas.messages.transitions import Status
from foothold_schemas.messages.views import Impact
from foothold_schemas.values import Standing
from foothold_schemas.wire.codec import decode_view
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    OPEN_DAY,
    household,
    income,
    policy,
    record,
    registered,
    value,
)

AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
RULES = policy()
ID = bytes(range(16))


def struck(
    incident: str = "flood",
    *,
    area: str = AREA[:9],
    severity: Severity = Severity.II,
    **more: Any,  # noqa: ANN401
) -> AreaStruck:
    return AreaStruck(
        incident=incident,
        area=area,
        hazard=more.pop("hazard", Hazard.FLOOD),
        severity=severity,
        first_day=more.pop("on", OPEN_DAY),
        **more,
    )


def impacts(
    home: Household, *statements: AreaStruck, rules: Policy = RULES, day: date = OPEN_DAY
) -> tuple[Impact, ...] | None:
    """What the household's view says after these statements, in their order.

    None: there is no view.
    """
    control = Control(open_day=day, bundle=rules.bundle)
    for n, statement in enumerate(statements):
        fact = record(statement, f"area-{n}", at=AT + timedelta(hours=n))
        control = apply_broadcast(control, fact) or control
    judged = judge(
        Subject(HOUSEHOLD, home, cause_of(record(DayOpened(day=day), "day"))), control, rules
    )
    assert judged.transitions == ()
    return decode_view(judged.view).impacts if judged.view else None


WELL_OFF = household(income("90000"))


def test_everybody_there_may_be_hit_where_policy_does_not_say_whom_and_nobody_is_flagged() -> None:
    (hit,) = impacts(WELL_OFF, struck()) or ()

    assert (hit.incident, hit.hazard, hit.severity, hit.area, hit.since) == (
        "statistics/flood",
        Hazard.FLOOD,
        Severity.II,
        AREA[:9],
        OPEN_DAY,
    )
    assert hit.policy is None
    opening = f"区域{AREA[:9]}自{OPEN_DAY}发生洪涝（II级），"
    assert hit.text.zh == f"{opening}可能影响该区域全部农户；请核实，未核实不作认定。"


def test_the_view_of_a_clear_household_says_that_it_is_clear() -> None:
    control = (
        apply_broadcast(Control(open_day=OPEN_DAY, bundle=RULES.bundle), record(struck(), "area"))
        or Control()
    )
    judged = judge(
        Subject(HOUSEHOLD, WELL_OFF, cause_of(record(DayOpened(day=OPEN_DAY), "day"))),
        control,
        RULES,
    )

    view = decode_view(judged.view or b"")
    assert (view.status, view.unmet, view.group) == (Status.CLEAR, (), None)


@pytest.mark.parametrize(
    ("statements", "names"),
    [
        ([struck(area=AREA[:6])], ["flood"]),
        ([struck(area=AREA)], ["flood"]),
        ([struck(area="370399999")], None),
        ([struck(on=OPEN_DAY + timedelta(days=1))], None),  # announced, not begun
        ([struck(on=OPEN_DAY - timedelta(days=9))], ["flood"]),
        ([struck(on=OPEN_DAY - timedelta(days=9), last_day=OPEN_DAY - timedelta(days=1))], None),
        ([struck(on=OPEN_DAY - timedelta(days=9), last_day=OPEN_DAY)], ["flood"]),
        ([struck(), struck(is_withdrawn=True)], None),
        ([struck(), struck(area="370399999")], None),  # amended: it was elsewhere
        ([struck(), struck("storm", hazard=Hazard.STORM)], ["flood", "storm"]),
        ([struck(), struck(is_withdrawn=True), struck()], ["flood"]),
    ],
)
def test_what_was_said_last_of_an_incident_holds(
    statements: list[AreaStruck], names: list[str] | None
) -> None:
    hits = impacts(WELL_OFF, *statements)

    assert (
        None if hits is None else [i.incident.removeprefix("statistics/") for i in hits]
    ) == names


def test_a_late_older_statement_changes_nothing_and_another_agencys_number_is_another_one() -> None:
    newer = note({}, "statistics", struck(severity=Severity.I), AT, ID)

    assert (
        note(newer, "statistics", struck(severity=Severity.IV), AT - timedelta(hours=1), ID)
        == newer
    )
    assert note(newer, "statistics", struck(severity=Severity.IV), AT, ID) == newer
    assert sorted(note(newer, "weather", struck(), AT, ID)) == ["statistics/flood", "weather/flood"]


def test_areas_to_look_at_are_those_before_and_after_and_where_a_day_turns_something() -> None:
    before = note(
        {},
        "a",
        struck(area="370399101", on=OPEN_DAY, last_day=OPEN_DAY + timedelta(days=3)),
        AT,
        ID,
    )
    after = note(before, "a", struck(area="370399102"), AT + timedelta(hours=1), ID)

    assert touched(before, after) == ["370399101", "370399102"]
    assert touched(before, before) == []
    days = [OPEN_DAY + timedelta(days=n) for n in range(-1, 6)]
    assert [turning(before, a, b) for a, b in pairwise(days)] == [
        ["370399101"],
        [],
        [],
        [],
        ["370399101"],
        [],
    ]


@pytest.mark.parametrize(
    ("exposure", "home", "hit"),
    [
        (Exposure.EVERYBODY, WELL_OFF, "hit"),
        (Exposure.EX_POOR, WELL_OFF, "spared"),
        (
            Exposure.EX_POOR,
            household(registered(standing=Standing.EX_POOR), income("90000")),
            "hit",
        ),
        (Exposure.OPERATING, WELL_OFF, "spared"),
        (Exposure.OPERATING, household(income("90000", category=IncomeCategory.OPERATING)), "hit"),
        (Exposure.WAGE, WELL_OFF, "hit"),
        (Exposure.WAGE, household(income("90000", category=IncomeCategory.OPERATING)), "spared"),
    ],
)
def test_policy_says_whom_a_hazard_at_a_severity_may_hit(
    exposure: Exposure, home: Household, hit: str
) -> None:
    rules = policy(
        incidents_impact=value(
            "incidents.impact",
            (Reach(frozenset({Hazard.FLOOD}), frozenset({Severity.II}), (exposure,)),),
        )
    )

    shown = impacts(home, struck(), rules=rules)
    assert (shown is not None) is (hit == "hit")
    assert impacts(home, struck(severity=Severity.I), rules=rules) is None
    if shown is not None:
        assert shown[0].policy is not None
        assert shown[0].policy.value == f"flood II: {exposure}"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([], "a list of rows"),
        ([{"hazards": ["flood"], "severities": ["II"]}], "a row is"),
        ([{"hazards": ["flod"], "severities": ["II"], "hits": ["everybody"]}], "flod"),
        ([{"hazards": ["flood"], "severities": ["V"], "hits": ["everybody"]}], "'V'"),
        ([{"hazards": ["flood"], "severities": ["II"], "hits": ["rich"]}], "rich"),
        (
            [
                {"hazards": ["flood"], "severities": ["I", "II"], "hits": ["everybody"]},
                {"hazards": ["flood"], "severities": ["II"], "hits": ["wage"]},
            ],
            "once",
        ),
    ],
)
def test_a_table_that_is_not_clear_is_refused(table: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        reaches(table)


def test_a_clear_household_that_moves_outside_the_policys_counties_leaves_no_view() -> None:
    control = (
        apply_broadcast(Control(open_day=OPEN_DAY, bundle=RULES.bundle), record(struck(), "area"))
        or Control()
    )
    opened = cause_of(record(DayOpened(day=OPEN_DAY), "day"))
    hit = judge(Subject(HOUSEHOLD, WELL_OFF, opened), control, RULES).household
    entry = registered().data.model_copy(update={"area": "110101001001"})
    moved = record(entry, "moved", at=AT + timedelta(days=1))
    away, _ = fold(hit, moved, moved.data, OPEN_DAY)  # type: ignore[arg-type]  # a household's fact

    gone = judge(Subject(HOUSEHOLD, away, cause_of(moved)), control, RULES)

    assert (hit.view != b"", gone.view, gone.household.view, gone.transitions) == (
        True,
        b"",
        b"",
        (),
    )
    assert judge(Subject(HOUSEHOLD, gone.household, opened), control, RULES).view is None
