"""Builds what serving needs, and takes it down again.

It builds in the order in which the parts need one another.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.area_names import AreaNames
from foothold_alerts.areas.incidents import Incidents
from foothold_alerts.areas.warnings import Areas
from foothold_alerts.cases.back import TakingBack
from foothold_alerts.cases.disputes import Disputes
from foothold_alerts.cases.locked import CaseLock
from foothold_alerts.cases.mirror import Mirror
from foothold_alerts.cases.pauses import Pauses
from foothold_alerts.cases.plan import Plan
from foothold_alerts.cases.relief import ReliefDesk
from foothold_alerts.cases.settling import Settling
from foothold_alerts.cases.steps import Work
from foothold_alerts.cases.transitions import Cases
from foothold_alerts.consumer import CASES, MIRROR, Consumer, Sinks
from foothold_alerts.jobs.calendars import work_days
from foothold_alerts.jobs.deadlines import Deadlines
from foothold_alerts.jobs.notices import Notices, Notifier
from foothold_alerts.jobs.outbox import Outbox
from foothold_alerts.jobs.queue import Jobs
from foothold_alerts.metrics import Metrics
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.queries.inbox import Inbox
from foothold_alerts.queries.lists import Lists
from foothold_alerts.queries.projects import Projects
from foothold_alerts.queries.tally import Tally
from foothold_alerts.settings import Settings, notice_seal
from foothold_alerts.sweep import Sweep
from foothold_alerts.tables.cases import connect
from foothold_alerts.web.desk import Desk
from foothold_alerts.web.live import Pulse
from foothold_alerts.workflows import SHIPPED, load, load_checklists, load_regions
from foothold_runtime.variables import Environment
from foothold_schemas.seal import Purpose, Seal


@dataclass(frozen=True, slots=True)
class Built:
    """The parts of one process. The producer sends what jobs have to say, and starts with them."""

    engine: AsyncEngine
    desk: Desk
    consumers: tuple[Consumer, ...]
    jobs: Jobs
    producer: AIOKafkaProducer
    deadlines: Deadlines
    sweep: Sweep
    tally: Tally
    pulse: Pulse


@asynccontextmanager
async def built(settings: Settings, metrics: Metrics) -> AsyncIterator[Built]:
    """Everything but what listens or loops; that begins when it is run."""
    engine = connect(settings.alerts_database_url)
    try:
        yield _built(settings, metrics, engine)
    finally:
        await engine.dispose()


def _built(settings: Settings, metrics: Metrics, engine: AsyncEngine) -> Built:
    own = [settings.alerts_workflows] if settings.alerts_workflows is not None else []
    workflows, calendar, jobs = (
        load(SHIPPED, *own),
        work_days(settings.alerts_calendars),
        _jobs(settings, metrics),
    )
    producer = AIOKafkaProducer(**settings.broker.options, enable_idempotence=True, acks="all")
    outbox, notices = Outbox(engine, jobs, producer), Notices(jobs, calendar)
    deadlines = Deadlines(engine, jobs, workflows, calendar, notices)
    hold, areas, incidents = (
        CaseLock(deadlines),
        Areas(engine, jobs, notices, load_regions(), workflows),
        Incidents(engine, notices, workflows),
    )
    disputes, pulse = Disputes(engine, hold, outbox), Pulse(engine, metrics)
    area_names = AreaNames.load(settings.alerts_area_names)
    # it lives in the jobs it brings
    Notifier(engine, jobs, notice_seal(settings), settings.alerts_url, metrics, area_names)
    desk = Desk(
        area_names=area_names,
        accounts=Accounts(engine, settings.alerts_session_hours),
        work=Work(engine, workflows, calendar, outbox, hold),
        back=TakingBack(engine, workflows, calendar, outbox, hold),
        relief=ReliefDesk(engine, workflows, calendar, outbox, hold),
        plan=Plan(engine, hold, outbox),
        disputes=disputes,
        areas=areas,
        incidents=incidents,
        projects=Projects(engine, workflows),
        checklists=load_checklists(),
        lists=Lists(engine, workflows),
        workflows=workflows,
        calendar=calendar,
        inbox=Inbox(engine, workflows),
        metrics=metrics,
        pulse=pulse,
        directory_seal=Seal(
            settings.directory_secret.get_secret_value().encode(), Purpose.DIRECTORY
        ),
        is_production=settings.env is Environment.PRODUCTION,
    )
    settling = Settling(engine, workflows)
    cases = Cases(engine, workflows, calendar, deadlines, notices, settling)
    keeps = Sinks(cases, Mirror(engine), areas, incidents, disputes, settling)
    pauses = Pauses(engine, workflows, calendar, deadlines, notices)
    sweep, tally = (
        Sweep(jobs, outbox, deadlines, metrics, pauses=pauses, areas=areas),
        Tally(engine, metrics),
    )
    consumers = _consumers(settings, metrics, engine, keeps)
    return Built(engine, desk, consumers, jobs, producer, deadlines, sweep, tally, pulse)


def _jobs(settings: Settings, metrics: Metrics) -> Jobs:
    return Jobs(settings.alerts_database_url, metrics.progress.labels("jobs").set_to_current_time)


def _consumers(
    settings: Settings, metrics: Metrics, engine: AsyncEngine, keeps: Sinks
) -> tuple[Consumer, ...]:
    seal = Seal(settings.quarantine_secret.get_secret_value().encode(), Purpose.QUARANTINE)
    return tuple(
        Consumer(
            reading,
            broker=settings.broker,
            partitions=settings.partitions,
            engine=engine,
            keeps=keeps,
            metrics=metrics,
            seal=seal,
            limit=settings.dead_letter_limit,
        )
        for reading in (CASES, MIRROR)
    )
