"""Plays a scenario: a household's facts and people's decisions day by day.

They go through the same models, fold and judge as the worker's.
"""

import copy
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from foothold_risk.messages.judge import Subject, judge, names_for
from foothold_risk.policy.loader import load
from foothold_risk.rules.calendar import SHANGHAI
from foothold_risk.rules.context.cause import Cause, cause_of
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Span
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.leaving import describe
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.facts.decisions import CaseDecided, FindingExempted
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import Fact
from foothold_schemas.messages.transitions import Transition
from tests.support.made.build import AREA, HOUSEHOLD, identity

FACT: TypeAdapter[Any] = TypeAdapter(Fact)
FOLDER = Path(__file__).parents[2] / "scenarios"
NUMBERS: Mapping[str, object] = {
    "feeds.required": ["statistics"],
    "income.one_off_items": ["emergency_relief"],
    "monitoring_line": "7300.00",
    "self_paid_high.ex_poor": "5000.00",
    "self_paid_high.ordinary": "20000.00",
    "rigid_spending_ratio.share": "0.70",
    "disaster_loss.home": ["badly_damaged", "destroyed"],
    "guarantee_missing.guarantees": [g.value for g in Guarantee],
    "child.age_from": 6,
    "child.age_below": 16,
    "grade_fell.in_force": True,
    "risk_reported.routes": ["self", "cadre", "hotline", "one_key"],
    "exit.signal_months": 1,
    "exit.stable_months": 6,
    "exit.min_months_since_identified": 6,
}
"""The scenarios' policy: published examples, nobody's real policy."""
EVERYTHING_HEARD: dict[str, tuple[Span, ...]] = {
    f"statistics|IncomeReported|{AREA}": (Span(0, 100_000),)
}
_DEFAULTS: Mapping[str, dict[str, Any]] = {
    "HouseholdRegistered": {
        "authority": AREA[:6],
        "register_number": "V1",
        "area": AREA,
        "standing": "ordinary",
    },
    "IncomeReported": {"category": "wage", "item": "salary"},
    "MedicalClaimSettled": {"setting": "inpatient"},
    "RiskReported": {"route": "self"},
    "DisasterStruck": {"hazard": "fire", "is_verified": True},
}


@dataclass(slots=True)
class Played:
    """What was said, and which decisions were not carried out and why."""

    said: list[Transition] = field(default_factory=list)
    refused: list[tuple[date, str]] = field(default_factory=list)
    household: Household = field(default_factory=Household)


def policy_of(changes: Mapping[str, object]) -> Policy:
    """The scenarios' policy with these values; a mapping of days gives a value its dates.

    Read by the real loader.
    """
    return _loaded(yaml.safe_dump(dict(changes)))


@cache
def _loaded(changes: str) -> Policy:
    values = {}
    for name, value in (dict(NUMBERS) | yaml.safe_load(changes)).items():
        dated = (
            value
            if isinstance(value, dict) and all(isinstance(k, date) for k in value)
            else {date(2020, 1, 1): value}
        )
        dates = [
            {
                "since": day,
                "value": v,
                "reference": "A scenario's number.",
                "confidence": "H",
                "illustrative": False,
            }
            for day, v in dated.items()
        ]
        values[name] = {"description": "A scenario's value.", "unit": "test", "dates": dates}
    title = {"zh": "情景", "en": "Scenario"}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        head = {"title": title, "currency": {"zh": "元", "en": "yuan"}, "in_service": [AREA[:6]]}
        (folder / "bundle.yaml").write_text(
            yaml.safe_dump(head, allow_unicode=True), encoding="utf-8"
        )
        region = {"region": AREA[:6], "title": title, "values": values}
        (folder / "region.yaml").write_text(
            yaml.safe_dump(region, allow_unicode=True), encoding="utf-8"
        )
        return load(folder)


def play(scenario: Mapping[str, Any]) -> Played:
    """Open each day from `opened` to `until`.

    Facts of a day come after it is opened, those before `opened` are loaded before go-live.
    """
    policy = policy_of(scenario.get("policy", {}))
    entry = {
        "day": date(2025, 1, 1),
        "kind": "HouseholdRegistered",
        "members": [{"person_ref": "p0"}],
        **scenario.get("household", {}),
    }
    facts = [
        record for n, fact in enumerate([entry, *scenario["facts"]]) for record in records(fact, n)
    ]
    opened, until = (
        scenario.get("opened", date(2026, 6, 10)),
        scenario.get("until", date(2026, 6, 10)),
    )
    played = Played()
    for record in facts:
        if _day(record) < opened:
            played.household, _ = fold(played.household, record, record.data, None)  # type: ignore[arg-type]  # household facts only
    for n in range((until - opened).days + 1):
        day = opened + timedelta(days=n)
        heard = EVERYTHING_HEARD if scenario.get("heard", True) else {}
        control = Control(
            open_day=day,
            bundle=policy.bundle,
            heard=heard,
            spoke=spoken(scenario.get("spoke", {}), day),
        )
        _look(
            played,
            control,
            policy,
            Cause(identity(f"day {day}"), datetime.combine(day, time(), SHANGHAI)),
        )
        for record in facts:
            if _day(record) == day:
                _take(played, record, control, policy)
    return played


def spoken(days: Mapping[str, list[date]], until: date) -> dict[str, date]:
    """When each feed was last heard."""
    return {
        f"{feed}|{AREA[:6]}": max(d for d in heard if d <= until)
        for feed, heard in days.items()
        if min(heard) <= until
    }


def _day(record: FactRecord) -> date:
    return record.recorded_time.astimezone(SHANGHAI).date()


def _take(played: Played, record: FactRecord, control: Control, policy: Policy) -> None:
    before = played.household
    names = names_for(before, record.data, control.open_day, policy)  # type: ignore[arg-type]  # household facts only
    played.household, folded = fold(before, record, record.data, control.open_day, names)  # type: ignore[arg-type]  # household facts only
    if played.household is not before:
        decided = record.data if isinstance(record.data, CaseDecided | FindingExempted) else None
        _look(
            played,
            control,
            policy,
            cause_of(record, is_correction=folded is Folded.REPLACED),
            decided,
            before,
        )


def _look(
    played: Played,
    control: Control,
    policy: Policy,
    cause: Cause,
    decided: CaseDecided | FindingExempted | None = None,
    before: Household | None = None,
) -> None:
    judged = judge(Subject(HOUSEHOLD, played.household, cause, decided, before), control, policy)
    played.household = judged.household
    played.said += judged.transitions
    if judged.refused and control.open_day is not None:
        played.refused.append((control.open_day, describe(judged.refused)))


def records(fact: Mapping[str, Any], number: int) -> Iterator[FactRecord]:
    """The fact with its envelope.

    A guarantee `each` is all six, `times` the same event so often.
    """
    given = copy.deepcopy(dict(fact))
    on, kind, at, times = (
        given.pop("day"),
        given.pop("kind"),
        given.pop("at", None),
        given.pop("times", 1),
    )
    agency = given.pop("agency", "statistics")
    name, amends = given.pop("id", f"{kind}-{number}"), given.pop("amends", given.get("events", []))
    given = _DEFAULTS.get(kind, {}) | given
    if kind == "MedicalClaimSettled":
        given.setdefault("claim_number", name)
    if given.get("guarantee") == "each":
        for guarantee in Guarantee:
            yield from records(
                {**fact, "guarantee": guarantee.value},
                number * 100 + list(Guarantee).index(guarantee),
            )
        return
    data = FACT.validate_python(
        {"kind": kind, **{key: _plain(value) for key, value in given.items()}}, extra="forbid"
    )
    recorded = datetime.combine(on, time(12), SHANGHAI)
    for _ in range(times):
        yield FactRecord(
            fact_id=identity(name),
            household_id=HOUSEHOLD,
            agency=agency,
            source=f"/agencies/{agency}",
            id=name,
            time=recorded if at is None else datetime.fromisoformat(at),
            recorded_time=recorded,
            withdraws=tuple(identity(amended) for amended in amends),
            place=(number,),
            data=data,
        )


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
    """YAML's own days become text, as an agency writes them."""
    match value:
        case date():
            return value.isoformat()
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value
