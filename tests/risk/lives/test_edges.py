"""Whatever a door lets in can be judged, shown and taken.

Valid values at their edges, walked from the models, raise nowhere.

A new kind or field is walked as well; one whose values nobody can make fails here until somebody
says which they are.
"""

import re
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from foothold_alerts.rules.case import Case
from foothold_alerts.rules.relief.causes import Relieved
from foothold_alerts.rules.respond import respond
from foothold_risk.messages.area_signal import confirmation
from foothold_risk.messages.judge import Subject, Verdict, judge
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.control import Control, apply_broadcast
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.status.due import next_due
from foothold_risk.worker.outputs import Outputs
from foothold_risk.worker.state import pack, unpack
from foothold_schemas.facts.decisions import CaseDecided, FindingExempted
from foothold_schemas.facts.facts import AreaStruck, FeedHeard, HouseholdFact
from foothold_schemas.facts.register import HouseholdRegistered
from foothold_schemas.messages.transitions import Transition
from foothold_schemas.values import Fen
from foothold_schemas.wire.codec import decode_fact, decode_output, decode_view, encode
from foothold_schemas.wire.topics import RISK_TRANSITIONS
from tests.support.alerts import WEEKENDS, WORKFLOW
from tests.support.made.build import HOUSEHOLD, place_of, record
from tests.support.made.rules import ALL_IN_FORCE

DAYS: Final = [
    *(
        date(2026, 5, 31),
        date(2026, 6, 10),
        date(2026, 3, 15),
        date(2025, 6, 10),
        date(2024, 2, 29),
    ),
    *(date(1900, 1, 1), date(2000, 2, 29), date(2200, 12, 31)),
]
UNTIL: Final = frozenset({"left_on", "until_day", "last_day"})
"""Fields that mean 'until': registers write the last day there is where they mean 'for ever'."""
AMOUNTS: Final = [
    "60000.00",
    "7300.00",
    "0",
    "0.01",
    "-0.01",
    "999999999999.99",
    "-999999999999.99",
]
TEXTS: Final = [
    "2026-05",
    "p0",
    "salary",
    "city_supplement",
    "V-1",
    "1900-01",
    "2200-12",
    "370399",
    "370399101",
    "370399101201",
    "0" * 32,
    "0" * 64,
]
NUMBERS: Final = [1, 0, 2**31 - 1, 100, 60]
SIMPLE: Final[Mapping[object, Sequence[object]]] = {Fen: AMOUNTS, bool: [False, True], int: NUMBERS}
OPEN_DAYS: Final = [date(2026, 6, 10), date(2026, 7, 1), date(2028, 2, 29), date(2029, 3, 1)]
MOMENTS: Final = [
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(2026, 6, 9, 16, 30, tzinfo=UTC),
    datetime(2200, 12, 31, 15, 59, tzinfo=UTC),
]

Metadata: TypeAlias = tuple[object, ...]


def pattern_of(metadata: typing.Iterable[object]) -> str | None:
    """The pattern of a text, wherever its type keeps it."""
    for constraint in metadata:
        pattern = getattr(constraint, "pattern", None)
        if pattern is None and isinstance(constraint, FieldInfo):
            more = constraint.json_schema_extra
            pattern = pattern_of(constraint.metadata) or (
                more.get("pattern") if isinstance(more, dict) else None
            )
        if pattern:
            return str(pattern)
    return None


def values(annotation: object, metadata: Metadata = (), name: str = "") -> st.SearchStrategy[Any]:
    """Edge values of a field's type, as JSON, whatever the type is made of."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return values(arguments[0], (*metadata, *arguments[1:]), name)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(
            *(st.none() if a is type(None) else values(a, metadata, name) for a in arguments)
        )
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(values(arguments[0], (), name), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return bodies(annotation)
    return st.sampled_from(edges(annotation, metadata, name))


def edges(annotation: object, metadata: Metadata, name: str) -> Sequence[object]:
    """Edge values of a type that is made of no others."""
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    if annotation is date:
        return [d.isoformat() for d in (*DAYS, *((date.max,) if name in UNTIL else ()))]
    if annotation is str and (pattern := pattern_of(metadata)) is not None:
        fitting = [t for t in TEXTS if re.fullmatch(pattern.strip("^$"), t)]
        assert fitting, f"no text for {name}: {pattern}"
        return fitting
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [member.value for member in annotation]
    raise AssertionError(f"nobody has said which values {name} has: {annotation}")


@cache
def bodies(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of a message; most of them are valid."""
    fields = {
        name: values(f.annotation, tuple(f.metadata), name)
        for name, f in model.model_fields.items()
    }
    needed = {
        name: s
        for name, s in fields.items()
        if model.model_fields[name].is_required() or name == "kind"
    }
    return st.fixed_dictionaries(
        needed, optional={name: s for name, s in fields.items() if name not in needed}
    )


def message(model: type[BaseModel], body: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the model is
    """The message, or None where its fields do not fit one another: the door refuses it as well."""
    try:
        return model.model_validate(body)
    except ValidationError:
        return None


KINDS: Final = typing.get_args(HouseholdFact)
facts = st.lists(
    st.sampled_from(KINDS).flatmap(lambda kind: bodies(kind).map(lambda body: message(kind, body))),
    max_size=6,
)
entries = bodies(HouseholdRegistered).map(
    lambda body: message(HouseholdRegistered, {**body, "area": "370399101201"})
)
HEARD: Final = FeedHeard(
    feed="IncomeReported", area="370399", from_month="2024-01", through_month="2029-01"
)
"""So that income is known, and the findings that hang on it are made."""
incidents = st.lists(bodies(AreaStruck).map(lambda body: message(AreaStruck, body)), max_size=2)


@settings(
    max_examples=400,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
    deadline=None,
)
@given(entries, facts, incidents, st.sampled_from(MOMENTS))
def test_nothing_a_door_lets_in_raises_in_folding_judging_showing_or_taking(
    entry: Any,  # noqa: ANN401
    others: list[Any],
    struck: list[Any],
    at: datetime,
) -> None:
    if entry is None:
        return
    control = Control(open_day=OPEN_DAYS[0] - timedelta(days=1), bundle=ALL_IN_FORCE.bundle)
    for n, content in enumerate(s for s in struck if s is not None):
        control = apply_broadcast(control, record(content, f"incident {n}", at=at)) or control
    control = apply_broadcast(control, record(HEARD, "heard", at=at)) or control
    home: Household = Household()
    case: Case | None = None
    log = [
        record(content, f"fact {n}", at=at)
        for n, content in enumerate([entry, *(f for f in others if f is not None)])
    ]
    for day in OPEN_DAYS:
        control = replace(control, open_day=day)
        for fact in [decode_fact(encode(logged)) for logged in log]:
            folded, _ = fold(home, fact, fact.data, day)  # type: ignore[arg-type]  # only a household's
            decided = fact.data if isinstance(fact.data, CaseDecided | FindingExempted) else None
            judged = judge(
                Subject(HOUSEHOLD, folded, Cause(fact.fact_id, fact.recorded_time), decided, home),
                control,
                ALL_IN_FORCE,
            )
            confirmation(0, HOUSEHOLD, home, judged.household, day)
            home, case = written(judged), taken(case, judged)
        # the day itself, without a fact
        judged = judge(Subject(HOUSEHOLD, home, Cause("0" * 32, at)), control, ALL_IN_FORCE)
        home, case, log = written(judged), taken(case, judged), []


def written(judged: Verdict) -> Household:
    """As the transaction writes it, and as it is planned and read back."""
    outputs = Outputs(0, 8)
    outputs.add(HOUSEHOLD.encode(), judged, "")
    assert len([m for m in outputs.messages() if m.topic == RISK_TRANSITIONS.name]) == len(
        judged.transitions
    )
    home = unpack(pack(judged.household))
    if home.as_of is not None:
        assert next_due(home, home.as_of, place_of(ALL_IN_FORCE).on(home.as_of)) > home.as_of
    return home


def taken(case: Case | None, judged: Verdict) -> Case | None:
    """As the desk decodes it and answers."""
    if judged.view:
        decode_view(judged.view)
    for transition in judged.transitions:
        read = decode_output(encode(transition))
        assert isinstance(read, Transition)
        case = respond(case, read, Relieved(), WORKFLOW, WEEKENDS).case or case
    return case
