"""Households that a self-evident incident hits count as hit before each is checked.

Policy calls the incident self-evident; without such a table nobody is flagged.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from foothold_risk.messages.judge import Subject, Verdict, judge
from foothold_risk.rules.context.cause import Cause, cause_of
from foothold_risk.rules.context.control import Control, apply_broadcast
from foothold_risk.rules.context.incidents import Recheck, corrects, note, queued
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Exposure, Policy, Reach
from foothold_risk.rules.status.assess import Assessment
from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted, HarmlessReason
from foothold_schemas.facts.facts import AreaStruck, DayOpened, Hazard, Severity
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from foothold_schemas.values import Group
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    OPEN_DAY,
    disaster,
    household,
    income,
    policy,
    record,
    value,
)
from tests.support.made.build import judged as assessed_by

AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
TABLE = (
    Reach(frozenset({Hazard.FLOOD}), frozenset({Severity.I, Severity.II}), (Exposure.EVERYBODY,)),
)
RULES = policy(incidents_self_evident=value("incidents.self_evident", TABLE))
POOR, WELL_OFF = income("7000"), income("90000")


def struck(**more: Any) -> AreaStruck:  # noqa: ANN401
    given = {
        "incident": "flood",
        "area": AREA[:9],
        "hazard": Hazard.FLOOD,
        "severity": Severity.I,
        "first_day": OPEN_DAY - timedelta(days=2),
    }
    return AreaStruck(**(given | more))


class Listener:
    """A household that hears of incidents, day by day."""

    def __init__(self, home: Household, rules: Policy = RULES) -> None:
        self.home, self.rules = home, rules
        self.control = Control(open_day=OPEN_DAY, bundle=rules.bundle)
        self.statements = 0
        self.judged = self._judge(cause_of(record(DayOpened(day=OPEN_DAY), "day")))

    def says(self, **more: Any) -> Verdict:  # noqa: ANN401
        """Report something of the incident as an agency, and judge the household.

        Risk looks at the household as it would between records.
        """
        self.statements += 1
        fact = record(
            struck(**more), f"area-{self.statements}", at=AT + timedelta(hours=self.statements)
        )
        control = apply_broadcast(self.control, fact)
        assert control is not None
        self.control = control
        (look,) = {recheck.area: recheck for recheck in control.looks}.values()
        return self._judge(
            Cause(
                look.fact_id,
                look.learned_at,
                ends=ExitReason.CORRECTED if look.is_correction else None,
            )
        )

    def on(self, day: date) -> Verdict:
        """A day is opened."""
        self.control = Control(
            open_day=day, bundle=self.rules.bundle, incidents=self.control.incidents
        )
        return self._judge(cause_of(record(DayOpened(day=day), f"day {day}")))

    def _judge(self, cause: Cause) -> Verdict:
        self.judged = judge(Subject(HOUSEHOLD, self.home, cause), self.control, self.rules)
        self.home = self.judged.household
        return self.judged


def assessed(listener: Listener) -> Assessment:
    return assessed_by(listener.home, rules=listener.rules, incidents=listener.control.incidents)


def moved(judged: Verdict) -> list[tuple[Movement, Group | None, bool]]:
    return [(t.movement, t.group, t.is_urgent) for t in judged.transitions]


def test_below_the_line_it_carries_a_group_at_once_and_urgently_and_says_on_what_it_rests() -> None:
    transition = Listener(household(POOR)).says().transitions[-1]

    assert (transition.movement, transition.group, transition.is_urgent) == (
        Movement.ENTERED,
        Group.MARGINAL,
        True,
    )
    (finding,) = (f for f in transition.findings if f.rule is FindingKind.AREA_STRUCK)
    assert (finding.value, finding.policy.name, finding.unit) == (
        "flood I",
        "incidents.self_evident",
        "incident",
    )
    assert (
        finding.reason.zh
        == f"区域{AREA[:9]}自2026-06-08发生洪涝（I级），按政策视同已受影响，损失待逐户核实。"
    )
    assert (
        finding.reason.en
        == f"flood (level I) in {AREA[:9]} since 2026-06-08: by policy it is hit; its losses are"
        " still to be checked."
    )
    (fact,) = finding.facts
    assert (fact.kind, fact.day, fact.text.en) == (
        "AreaStruck",
        OPEN_DAY - timedelta(days=2),
        f"flood (level I) reported in {AREA[:9]}",
    )
    assert fact.fact_id == record(struck(), "area-1").fact_id


def test_above_the_line_it_is_a_lead() -> None:
    assert moved(Listener(household(WELL_OFF)).says()) == [(Movement.WATCHED, None, False)]


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        (policy(), {}),
        (RULES, {"severity": Severity.III}),
        (RULES, {"hazard": Hazard.STORM}),
        (RULES, {"area": "370399999"}),
        (RULES, {"first_day": OPEN_DAY + timedelta(days=1)}),
        (RULES, {"last_day": OPEN_DAY - timedelta(days=1)}),
    ],
    ids=[
        "nothing is self-evident",
        "too mild",
        "another hazard",
        "another area",
        "not begun",
        "over",
    ],
)
def test_otherwise_nobody_is_flagged(rules: Policy, changes: Mapping[str, Any]) -> None:
    listener = Listener(household(WELL_OFF), rules)

    assert (moved(listener.says(**changes)), listener.home.position.status) == ([], Status.CLEAR)


def test_only_those_the_table_names_are_hit() -> None:
    wage = policy(
        incidents_self_evident=value(
            "incidents.self_evident",
            (Reach(frozenset(Hazard), frozenset(Severity), (Exposure.OPERATING,)),),
        )
    )

    assert moved(Listener(household(WELL_OFF), wage).says()) == []
    assert moved(Listener(household(income("90000", category="operating")), wage).says()) == [
        (Movement.WATCHED, None, False)
    ]


def test_the_gravest_comes_first_and_of_equals_the_newest() -> None:
    listener = Listener(household(POOR))
    early, day = OPEN_DAY - timedelta(days=9), OPEN_DAY - timedelta(days=1)
    incidents = [
        ("a", Severity.II, day),
        ("b", Severity.I, early),
        ("c", Severity.I, day),
        ("d", Severity.I, day),
    ]
    for incident, severity, first_day in incidents:
        judged = listener.says(incident=incident, severity=severity, first_day=first_day)
    assert judged.view is not None
    (finding,) = (f for f in assessed(listener).findings if f.kind is FindingKind.AREA_STRUCK)

    assert finding.measure.value == "flood I"
    assert [f.fact_id.hex() for f in finding.facts] == [
        record(struck(), f"area-{n}").fact_id for n in (3, 4, 2, 1)
    ]


def test_taken_back_the_signal_ends_at_once_as_a_correction() -> None:
    listener = Listener(household(POOR))
    listener.says()
    (ending,) = listener.says(is_withdrawn=True).transitions

    assert (ending.movement, ending.exit_reason) == (Movement.EXITED, ExitReason.CORRECTED)


def identified(listener: Listener) -> None:
    decided = CaseDecided(decision=Decision.IDENTIFIED, decided_on=OPEN_DAY, by="chen")
    word = record(decided, "word")
    cause = cause_of(word)
    done = judge(
        Subject(HOUSEHOLD, listener.home, cause, decided), listener.control, listener.rules
    )
    listener.home = done.household


@pytest.mark.parametrize("days", [0, 40])
def test_an_incident_taken_back_asks_for_no_measure_and_another_one_still_does(days: int) -> None:
    later = OPEN_DAY + timedelta(days=days)
    wrong, true = Listener(household(POOR)), Listener(household(POOR))
    for listener in (wrong, true):
        listener.says(last_day=OPEN_DAY)
        identified(listener)
    true.says(incident="another", first_day=OPEN_DAY, last_day=OPEN_DAY)
    for listener in (wrong, true):
        listener.on(later)
        assert listener.home.position.causes == (FindingKind.AREA_STRUCK,)
        listener.says(is_withdrawn=True)

    assert wrong.home.position.causes == ()
    assert true.home.position.causes == (FindingKind.AREA_STRUCK,)


def test_amended_to_a_milder_one_is_a_correction_and_its_end_is_none() -> None:
    milder, over = Listener(household(POOR)), Listener(household(POOR))
    milder.says()
    over.says()

    assert milder.says(severity=Severity.IV).transitions[-1].exit_reason is ExitReason.CORRECTED
    over.says(last_day=OPEN_DAY)
    assert [t.movement for t in over.on(OPEN_DAY + timedelta(days=1)).transitions] == [
        Movement.RECOVERING
    ]


def test_a_verified_loss_stays_when_the_incident_is_over() -> None:
    listener = Listener(household(POOR, disaster("fire")))
    listener.says()
    listener.says(last_day=OPEN_DAY)

    assert [t.movement for t in listener.on(OPEN_DAY + timedelta(days=1)).transitions] in (
        [],
        [Movement.EASED],
    )
    assert listener.home.position.group is Group.MARGINAL


def test_people_may_identify_dismiss_or_exempt_it_like_any_other_finding() -> None:
    listener = Listener(household(POOR))
    listener.says()
    decided = CaseDecided(decision=Decision.IDENTIFIED, decided_on=OPEN_DAY, by="chen")
    word = record(decided, "word")
    identified = judge(
        Subject(HOUSEHOLD, listener.home, cause_of(word), decided), listener.control, RULES
    )
    harmless = FindingExempted(
        finding=FindingKind.AREA_STRUCK,
        reason=HarmlessReason.ALREADY_HELPED,
        by="chen",
        exempted_on=OPEN_DAY,
        until=OPEN_DAY + timedelta(days=20),
    )
    exempted = judge(
        Subject(HOUSEHOLD, listener.home, cause_of(record(harmless, "harmless")), harmless),
        listener.control,
        RULES,
    )
    worse = Listener(exempted.household)
    worse.control, worse.statements = listener.control, listener.statements

    assert (identified.household.position.is_identified, identified.refused) == (True, ())
    assert [(t.movement, t.exit_reason) for t in exempted.transitions] == [
        (Movement.EXITED, ExitReason.EXEMPTED)
    ]
    assert moved(worse.says(incident="another")) != []  # other facts than those people looked at


def test_a_look_that_corrects_stays_one_when_it_begins_anew() -> None:
    first, second = (
        Recheck(AREA, fact, AT, is_correction=wrong) for fact, wrong in (("a", True), ("b", False))
    )

    assert [(recheck.fact_id, recheck.is_correction) for recheck in queued((first,), [second])] == [
        ("b", True)
    ]
    assert [
        (recheck.fact_id, recheck.is_correction) for recheck in queued((second,), [second])
    ] == [("b", False)]


def test_what_is_wrong_of_an_incident_is_what_was_said_before_and_not_its_end() -> None:
    before = note({}, "a", struck(), AT, bytes(16))
    later = AT + timedelta(hours=1)
    wrong: list[dict[str, Any]] = [
        {"is_withdrawn": True},
        {"area": AREA[:6]},
        {"severity": Severity.II},
        {"hazard": Hazard.STORM},
        {"first_day": OPEN_DAY},
    ]

    assert all(
        corrects(before, note(before, "a", struck(**more), later, bytes(16))) for more in wrong
    )
    assert not corrects(before, note(before, "a", struck(last_day=OPEN_DAY), later, bytes(16)))
    assert not corrects(before, note(before, "a", struck(incident="other"), later, bytes(16)))
    assert not corrects(before, before)
