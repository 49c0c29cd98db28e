"""A desk in the test's own process.

It has people, transitions of households named by a letter, and what stands in its database.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.areas.incidents import Incidents
from foothold_alerts.areas.warnings import Areas
from foothold_alerts.cases.back import TakingBack
from foothold_alerts.cases.disputes import Disputes
from foothold_alerts.cases.locked import CaseLock
from foothold_alerts.cases.plan import Plan
from foothold_alerts.cases.relief import ReliefDesk
from foothold_alerts.cases.settling import Settling
from foothold_alerts.cases.steps import Work
from foothold_alerts.cases.transitions import Cases
from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.jobs.notices import Notices
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.jobs.queue import Jobs
from foothold_alerts.metrics import Metrics
from foothold_alerts.people.accounts import Accounts, Person
from foothold_alerts.queries.inbox import Inbox
from foothold_alerts.queries.lists import Lists
from foothold_alerts.queries.projects import Projects
from foothold_alerts.rules.case import Case, Role, Stage
from foothold_alerts.rules.days import WorkDays
from foothold_alerts.web.desk import Desk
from foothold_alerts.web.live import Pulse
from foothold_alerts.workflows import load, load_checklists, load_regions
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Transition
from foothold_schemas.values import Group, Sentence
from foothold_schemas.wire.codec import decode_output
from tests.support.ingest import DIRECTORY_SEAL
from tests.support.running.waiting import becomes

WORKFLOWS = load()
WORKFLOW = WORKFLOWS.newest
WEEKENDS = WorkDays()
NOW = datetime(2026, 6, 10, 5, tzinfo=UTC)
EXAMPLE = decode_output(
    (
        Path(__file__).parents[2] / "schemas/examples/risk-transitions.v1/Transition.entered.json"
    ).read_bytes()
)


def person(name: str = "zhang", role: Role = Role.COUNTY, area: str = "370399") -> Person:
    """Somebody at the desk."""
    return Person(name, area, role, "csrf")


def case(stage: Stage = Stage.LEAD, **changes: Any) -> Case:  # noqa: ANN401
    """A case of ten days ago."""
    base: dict[str, Any] = {
        "is_urgent": False,
        "group": Group.MARGINAL,
        "opened_on": date(2026, 6, 1),
        "due_on": date(2026, 6, 16),
    }
    return Case(household_id="0" * 32, episode=1, stage=stage, **(base | changes))


def transition(household: str, number: int = 1, *rules: FindingKind, **changes: Any) -> Transition:  # noqa: ANN401
    """A household of one letter moved."""
    assert isinstance(EXAMPLE, Transition)
    kinds = rules or (FindingKind.RIGID_SPENDING_RATIO,)
    findings = tuple(EXAMPLE.findings[0].model_copy(update={"rule": rule}) for rule in kinds)
    identity = household * 32
    # what the shipped workflow's limits are in
    policy = EXAMPLE.policy.model_copy(update={"currency": Sentence(zh="元", en="yuan")})
    given = {
        "household_id": identity,
        "transition_id": f"{identity}:{number}",
        "number": number,
        "findings": findings,
        "policy": policy,
    }
    return EXAMPLE.model_copy(update=given | changes)


def jobs_on(engine: AsyncEngine) -> Jobs:
    """Jobs that are kept and done by nobody, until somebody runs them."""
    return Jobs(engine.url.render_as_string(hide_password=False))


def deadlines_on(engine: AsyncEngine, jobs: Jobs | None = None) -> Deadlines:
    """What keeps deadlines."""
    held = jobs or jobs_on(engine)
    return Deadlines(engine, held, WORKFLOWS, WEEKENDS, Notices(held, WEEKENDS))


def cases_on(engine: AsyncEngine) -> Cases:
    """What takes transitions."""
    return Cases(
        engine,
        WORKFLOWS,
        WEEKENDS,
        deadlines_on(engine),
        Notices(jobs_on(engine), WEEKENDS),
        Settling(engine, WORKFLOWS),
    )


def work_on(engine: AsyncEngine) -> Work:
    """What people do; what they say is kept, and sent by nobody."""
    return Work(
        engine, WORKFLOWS, WEEKENDS, Outbox(engine, jobs_on(engine)), CaseLock(deadlines_on(engine))
    )


def back_on(engine: AsyncEngine) -> TakingBack:
    """What is taken back."""
    return TakingBack(
        engine, WORKFLOWS, WEEKENDS, Outbox(engine, jobs_on(engine)), CaseLock(deadlines_on(engine))
    )


def relief_on(engine: AsyncEngine) -> ReliefDesk:
    """What people do with relief."""
    return ReliefDesk(
        engine, WORKFLOWS, WEEKENDS, Outbox(engine, jobs_on(engine)), CaseLock(deadlines_on(engine))
    )


def plan_on(engine: AsyncEngine) -> Plan:
    """Measures and visits."""
    return Plan(engine, CaseLock(deadlines_on(engine)), Outbox(engine, jobs_on(engine)))


def disputes_on(engine: AsyncEngine) -> Disputes:
    """Doubts, and what became of them."""
    return Disputes(engine, CaseLock(deadlines_on(engine)), Outbox(engine, jobs_on(engine)))


def areas_on(engine: AsyncEngine) -> Areas:
    """Region warnings."""
    jobs = jobs_on(engine)
    return Areas(engine, jobs, Notices(jobs, WEEKENDS), load_regions(), WORKFLOWS)


def incidents_on(engine: AsyncEngine) -> Incidents:
    """Incidents."""
    return Incidents(engine, Notices(jobs_on(engine), WEEKENDS), WORKFLOWS)


def desk_on(engine: AsyncEngine, accounts: Accounts) -> Desk:
    """All the desk's pages need."""
    return Desk(
        accounts=accounts,
        work=work_on(engine),
        back=back_on(engine),
        relief=relief_on(engine),
        disputes=disputes_on(engine),
        plan=plan_on(engine),
        lists=Lists(engine, WORKFLOWS),
        workflows=WORKFLOWS,
        calendar=WEEKENDS,
        areas=areas_on(engine),
        incidents=incidents_on(engine),
        projects=Projects(engine, WORKFLOWS),
        checklists=load_checklists(),
        inbox=Inbox(engine, WORKFLOWS),
        metrics=Metrics(CollectorRegistry()),
        pulse=Pulse(engine),
        directory_seal=DIRECTORY_SEAL,
        is_production=False,
    )


async def answered(engine: AsyncEngine, question: str, answer: object) -> object:
    """The database's one answer, once it is as wanted."""

    async def ask() -> object:
        async with engine.connect() as connection:
            return (await connection.execute(text(question))).scalar()

    return await becomes(ask, answer)


async def rows(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    """What a question to the database gives."""
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]
