"""Builders: a household, its facts and a policy in one line each.

Amounts are decimal strings, months "YYYY-MM".
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, overload

import msgspec

from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.context.heard import Heard, note
from foothold_risk.rules.context.incidents import Incidents
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.policy import Place, Policy, PolicyOfDay, Value
from foothold_risk.rules.status.assess import Assessment, assess
from foothold_risk.rules.status.movement import move
from foothold_risk.rules.status.steps import Move
from foothold_schemas.facts.checks import (
    Asset,
    AssetsChecked,
    AssetSeen,
    Grade,
    Guarantee,
    GuaranteeChecked,
    HouseholdGraded,
    Scores,
    SpendingCategory,
    SpendingReported,
)
from foothold_schemas.facts.envelope import BroadcastRecord, FactRecord
from foothold_schemas.facts.facts import (
    BroadcastFact,
    DisasterStruck,
    FactsRetracted,
    FeedHeard,
    Hazard,
    HomeState,
    HouseholdFact,
    IncomeCategory,
    IncomeReported,
    MedicalClaimSettled,
    MedicalPayments,
    RetractionReason,
    WorkerState,
)
from foothold_schemas.facts.register import (
    HouseholdRegistered,
    Member,
    MembershipDisputed,
    ProjectShare,
    TicketState,
)
from foothold_schemas.facts.reports import Concern, ReportRoute, RiskReported
from foothold_schemas.values import Fen, Sentence, Standing

OPEN_DAY = date(2026, 6, 10)
LAST_MONTH = "2026-05"
AREA = "370399101201"
HOUSEHOLD = "0123456789abcdef0123456789abcdef"


def identity(name: str) -> str:
    """A fact id that is the same for the same name."""
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


TOLD_AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
"""When everything is told unless a test says otherwise."""


@overload
def record(
    fact: BroadcastFact, name: str, *, agency: str = ..., at: datetime = ...
) -> BroadcastRecord: ...


@overload
def record(
    fact: HouseholdFact, name: str, *, agency: str = ..., at: datetime = ...
) -> FactRecord: ...


def record(
    fact: HouseholdFact | BroadcastFact,
    name: str,
    *,
    agency: str = "statistics",
    at: datetime = TOLD_AT,
) -> FactRecord:
    """A fact with an envelope."""
    kind = BroadcastRecord if isinstance(fact, BroadcastFact) else FactRecord
    return kind(
        fact_id=identity(name),
        household_id=None if isinstance(fact, BroadcastFact) else HOUSEHOLD,
        agency=agency,
        source=f"/agencies/{agency}",
        id=name,
        time=at,
        recorded_time=at,
        data=fact,
    )


def registered(
    members: int | Sequence[Member] = 1,
    *,
    standing: Standing = Standing.ORDINARY,
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    projects: Sequence[ProjectShare] = (),
    **more: Any,  # noqa: ANN401
) -> FactRecord:
    """A register entry; `covers` and `one_budget_with` as the fact has them."""
    people = (
        [Member(person_ref=f"p{n}") for n in range(members)]
        if isinstance(members, int)
        else list(members)
    )
    fact = HouseholdRegistered(
        authority="370399",
        register_number="V1",
        area=AREA,
        standing=standing,
        members=tuple(people),
        projects=tuple(projects),
        **more,
    )
    return record(fact, f"reg-{at.isoformat()}", at=at)


def income(
    amount: str,
    name: str = "income",
    *,
    month: str = LAST_MONTH,
    yearly: bool = True,
    **more: Any,  # noqa: ANN401
) -> FactRecord:
    """Income; a year's by default, so that every month is heard.

    A year's figure is a source of its own beside the months' unless told otherwise.
    """
    fact = IncomeReported(
        category=more.pop("category", IncomeCategory.WAGE),
        item=more.pop("item", "earnings" if yearly else "salary"),
        amount=Fen.parse(amount),
        operating_expense=Fen.parse(more.pop("expense", "0")),
        earned_month=month,
        is_yearly=yearly,
        person_ref=more.pop("person_ref", None),
        project=more.pop("project", None),
        until_month=more.pop("until_month", None),
        statement_number=more.pop("number", None),
        claim_number=more.pop("claim_number", None),
        stay=more.pop("stay", None),
    )
    return record(fact, name, **more)


def claim(
    total: str,
    name: str = "claim",
    *,
    day: date = date(2026, 3, 15),
    paid: str = "0",
    in_scope: str | None = None,
    **more: Any,  # noqa: ANN401
) -> FactRecord:
    """A settled bill; `stay`, `person_ref` and `setting` as the fact has them; `layer` paid."""
    fact = MedicalClaimSettled(
        claim_number=name.replace(" ", "-"),
        settled_on=day,
        setting=more.get("setting", "inpatient"),
        stay=more.get("stay"),
        person_ref=more.get("person_ref"),
        total=Fen.parse(total),
        in_scope=None if in_scope is None else Fen.parse(in_scope),
        paid=MedicalPayments(**{more.get("layer", "basic_insurance"): Fen.parse(paid)}),
    )
    return record(fact, name, agency="health-insurance")


def in_doubt(ticket: int = 7, state: TicketState = TicketState.OPEN) -> FactRecord:
    """A member who also stands in another household, or the end of that."""
    word = MembershipDisputed(ticket=ticket, state=state, person_ref="p0", other_household="0" * 32)
    return record(word, f"ticket-{ticket}-{state}", agency="foothold")


def disaster(name: str = "disaster", *, day: date = date(2026, 6, 9), **what: Any) -> FactRecord:  # noqa: ANN401
    """A verified storm that destroyed the home, unless told otherwise."""
    fact = DisasterStruck(
        hazard=Hazard.STORM,
        struck_on=day,
        home=what.get("home", HomeState.DESTROYED),
        main_worker=what.get("main_worker", WorkerState.UNHURT),
        loss=None if "loss" not in what else Fen.parse(what["loss"]),
        is_verified=what.get("is_verified", True),
    )
    return record(fact, name, agency="emergency-management", at=what.get("at", TOLD_AT))


def amending(fact: FactRecord, *names: str) -> FactRecord:
    """The fact, in place of others."""
    return fact.model_copy(update={"withdraws": tuple(sorted(map(identity, names)))})


def retracted(
    *names: str, name: str = "retraction", at: datetime = datetime(2026, 6, 1, 4, tzinfo=UTC)
) -> FactRecord:
    """An agency takes back facts, by their names."""
    fact = FactsRetracted(events=names, reason=RetractionReason.ENTERED_IN_ERROR)
    return amending(record(fact, name, agency="health-insurance", at=at), *names)


def spending(
    total: str,
    name: str = "spending",
    *,
    day: date = date(2026, 3, 15),
    covered: str = "0",
    category: str = "education",
    **more: Any,  # noqa: ANN401
) -> FactRecord:
    """Education costs, unless told otherwise; `number` is the sender's own of the statement."""
    fact = SpendingReported(
        category=SpendingCategory(category),
        spent_on=day,
        total=Fen.parse(total),
        covered=Fen.parse(covered),
        person_ref=more.pop("person_ref", None),
        statement_number=more.pop("number", None),
    )
    return record(fact, name, agency="education-bureau", **more)


def checked(
    guarantee: Guarantee, name: str = "check", *, is_met: bool, day: date = date(2026, 5, 1)
) -> FactRecord:
    """A guarantee looked at."""
    return record(
        GuaranteeChecked(guarantee=guarantee, is_met=is_met, checked_on=day),
        name,
        agency="housing-bureau",
    )


def owns(
    *assets: Asset, day: date = date(2026, 5, 1), for_disability: bool = False, name: str = "assets"
) -> FactRecord:
    """What the household was found to own."""
    seen = tuple(AssetSeen(asset=a, is_for_disability=for_disability) for a in assets)
    return record(AssetsChecked(assets=seen, checked_on=day), f"{name}-{day}", agency="statistics")


def graded(
    grade: Grade, name: str, *, day: date, low: str = "health", is_explained: bool = False
) -> FactRecord:
    """A village review whose lowest score is the named one."""
    scores = Scores.model_validate(
        {score: 20 if score == low else 70 for score in Scores.model_fields}
    )
    return record(
        HouseholdGraded(grade=grade, scores=scores, graded_on=day, is_explained=is_explained),
        name,
        agency="village-review",
    )


def reported(
    concern: Concern,
    name: str = "report",
    *,
    day: date = date(2026, 6, 9),
    route: ReportRoute = ReportRoute.SELF,
) -> FactRecord:
    """Trouble somebody told of."""
    return record(
        RiskReported(route=route, concern=concern, reported_on=day), name, agency="hotline"
    )


def value(name: str, amount: Any) -> Value[Any]:  # noqa: ANN401
    """A policy value with a reference."""
    return Value(
        name, amount, str(amount), date(2020, 1, 1), "test reference", "H", illustrative=False
    )


IN_FORCE = PolicyOfDay(
    monitoring_line=value("monitoring_line", 730_000),
    feeds_required=value("feeds.required", ("statistics",)),
    income_one_off_items=value("income.one_off_items", frozenset({"emergency_relief"})),
    self_paid_high_ex_poor=value("self_paid_high.ex_poor", 500_000),
    self_paid_high_ordinary=value("self_paid_high.ordinary", 2_000_000),
    rigid_spending_ratio_share=value("rigid_spending_ratio.share", 7_000),
    disaster_loss_home=value(
        "disaster_loss.home", frozenset({HomeState.BADLY_DAMAGED, HomeState.DESTROYED})
    ),
    disaster_loss_worker=value(
        "disaster_loss.worker", frozenset({WorkerState.DEAD, WorkerState.DISABLED})
    ),
    exit_signal_months=value("exit.signal_months", 1),
    exit_stable_months=value("exit.stable_months", 6),
    exit_min_months_since_identified=value("exit.min_months_since_identified", 6),
)


def in_force(**changes: Any) -> PolicyOfDay:  # noqa: ANN401
    """The test values: line 7,300.

    Self-paid 5,000 / 20,000; ratio 70 %; both disaster lists; 1, 6 and 6 months to leave.
    """
    return replace(IN_FORCE, **changes)


def policy(**changes: Any) -> Policy:  # noqa: ANN401
    """A bundle of these values, in force since 2020 in the county of the tests."""
    start = date(2020, 1, 1)
    title = Sentence(zh="测试", en="test")
    place = Place(AREA[:6], title, (start,), {start: in_force(**changes)})
    return Policy(
        bundle="0" * 64,
        title=title,
        currency=Sentence(zh="元", en="yuan"),
        illustrative=False,
        places={place.code: place},
    )


def place_of(rules: Policy) -> Place:
    """The county's values."""
    place = rules.place(AREA)
    assert place is not None
    return place


def household(*facts: FactRecord, open_day: date | None = None) -> Household:
    """Return a household with these facts.

    It is registered with one member unless a register entry is among them.
    """
    has_entry = any(isinstance(f.data, HouseholdRegistered) for f in facts)
    result = Household()
    for record in facts if has_entry else (registered(), *facts):
        result, folded = fold(result, record, record.data, open_day)  # type: ignore[arg-type]  # builders make household facts only
        assert folded not in (Folded.TOO_OLD, Folded.ID_REUSED, Folded.FULL), folded
    return result


def heard(*spoken: FeedHeard, agency: str = "statistics") -> Heard:
    """What feeds have said."""
    known: Heard = {}
    for fact in spoken:
        known = note(known, agency, fact)
    return known


def judged(
    home: Household,
    day: date = OPEN_DAY,
    rules: Policy | None = None,
    known: Heard | None = None,
    incidents: Incidents | None = None,
) -> Assessment:
    """The assessment of a household."""
    assert home.register is not None
    in_force = place_of(rules or policy()).on(day)
    context = DayContext(day, in_force, known or {}, incidents=incidents or {})
    return assess(home, home.register, context)


def step(
    home: Household, day: date = OPEN_DAY, rules: Policy | None = None, known: Heard | None = None
) -> tuple[Household, tuple[Move, ...]]:
    """The household brought to the day, and its moves."""
    position, moves = move(home.position, judged(home, day, rules, known))
    return msgspec.structs.replace(home, position=position, as_of=day), moves
