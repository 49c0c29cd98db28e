"""Alerts' commands and its composition: the only place that reads settings and builds things."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from aiokafka import AIOKafkaProducer
from alembic import command
from alembic.config import Config
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from foothold_alerts.accounts import Accounts, role_of
from foothold_alerts.areas import Areas
from foothold_alerts.calendars import work_days
from foothold_alerts.cases import Cases
from foothold_alerts.consumer import CASES, MIRROR, Consumer, Keeps, WrongPartitions
from foothold_alerts.database import connect
from foothold_alerts.deadlines import Deadlines
from foothold_alerts.disputes import Disputes
from foothold_alerts.hold import Hold
from foothold_alerts.inbox import Inbox
from foothold_alerts.incidents import Incidents
from foothold_alerts.jobs import Jobs
from foothold_alerts.lists import Lists
from foothold_alerts.metrics import Metrics
from foothold_alerts.mirror import Mirror
from foothold_alerts.notify import Notices, Notifier, TargetKind
from foothold_alerts.ops import Server, make_ops, server
from foothold_alerts.plan import Plan
from foothold_alerts.projects import Projects
from foothold_alerts.relief import ReliefDesk
from foothold_alerts.rules.case import Role
from foothold_alerts.said import Said
from foothold_alerts.settings import Settings
from foothold_alerts.sweep import Sweep
from foothold_alerts.tally import Tally
from foothold_alerts.web.app import make_app
from foothold_alerts.web.desk import Desk
from foothold_alerts.web.live import Pulse
from foothold_alerts.work import Work
from foothold_alerts.workflows import load, load_checklists, load_regions
from foothold_schemas.seal import Purpose, Seal

log = structlog.get_logger()


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="foothold-alerts", description="Foothold's desk.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="take transitions and serve the inbox until SIGTERM")
    commands.add_parser("migrate", help="bring the database up to date")
    account = commands.add_parser("account", help="local accounts").add_subparsers(dest="action", required=True)
    add = account.add_parser("add", help="make an account, or give it a new password; it is shown once")
    add.add_argument("name")
    add.add_argument("--area", required=True, help="county, township or village code the account may see")
    add.add_argument("--role", choices=[role.value for role in Role], help="whose steps it may take; the level of the area, if not said")
    account.add_parser("disable", help="end an account; its open cases go back to the queue").add_argument("name")
    notify = commands.add_parser("notify", help="who is told of new, urgent and overdue cases").add_subparsers(dest="action", required=True)
    told = notify.add_parser("add", help="tell an address of an area; a webhook's secret is shown once")
    told.add_argument("--area", required=True, help="county or township code")
    told.add_argument("kind", choices=[kind.value for kind in TargetKind])
    told.add_argument("address", help="an Apprise address such as mailto://…, or a webhook's https:// address")
    notify.add_parser("list", help="areas and kinds; never the addresses")
    notify.add_parser("remove", help="tell one no more").add_argument("target", type=int)
    arguments = parser.parse_args()
    settings = read_settings()
    match arguments.command:
        case "serve":
            try:
                asyncio.run(serve(settings))
            except WrongPartitions as error:
                sys.exit(f"foothold-alerts cannot go on: {error}")
        case "notify":
            sys.stdout.write(asyncio.run(notify_command(settings, arguments)) + "\n")
        case "migrate":
            migrate(settings.alerts_database_url)
        case "account" if arguments.action == "disable":
            sys.stdout.write(asyncio.run(disable_account(settings, arguments.name)) + "\n")
        case _:
            sys.stdout.write(asyncio.run(add_account(settings, arguments.name, arguments.area, arguments.role)) + "\n")


def read_settings() -> Settings:
    """From the environment; a missing or wrong variable ends the process with its name."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"FOOTHOLD_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        sys.exit(f"foothold-alerts cannot start: {wrong}")


def migrate(url: str) -> None:
    """Run the migrations that are missing."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


async def add_account(settings: Settings, name: str, area: str, role: str | None) -> str:
    """Make an account."""
    engine = connect(settings.alerts_database_url)
    try:
        return await Accounts(engine, settings.alerts_session_hours).add(name, area, role_of(area) if role is None else Role(role), datetime.now(UTC))
    finally:
        await engine.dispose()


async def disable_account(settings: Settings, name: str) -> str:
    """End an account."""
    engine = connect(settings.alerts_database_url)
    try:
        cases = await Accounts(engine, settings.alerts_session_hours).disable(name, datetime.now(UTC))
        return f"there is no account {name} in use" if cases is None else f"{name} is disabled; {cases} cases are back in the queue"
    finally:
        await engine.dispose()


def notice_seal(settings: Settings) -> Seal:
    """What keeps addresses of people to tell."""
    return Seal(settings.directory_secret.get_secret_value().encode(), Purpose.NOTICE)


async def notify_command(settings: Settings, arguments: argparse.Namespace) -> str:
    """Change or show who is told."""
    engine = connect(settings.alerts_database_url)
    notifier = Notifier(engine, Jobs(settings.alerts_database_url), notice_seal(settings), settings.alerts_url)
    try:
        match arguments.action:
            case "add":
                target, secret = await notifier.add(arguments.area, TargetKind(arguments.kind), arguments.address)
                return f"{target}" if secret is None else f"{target}\n{secret}"
            case "list":
                return (
                    "\n".join(f"{n}  {area:<12} {kind:<8} {'' if live else 'gone'}".rstrip() for n, area, kind, live in await notifier.targets())
                    or "nobody is told"
                )
            case _:
                return "removed" if await notifier.remove(arguments.target) else "there is no such target"
    except ValueError as error:
        sys.exit(f"foothold-alerts: {error}")
    finally:
        await engine.dispose()


def configure_logging() -> None:
    """JSON lines on standard output, one canonical line per transition and action. Libraries' lines join the stream."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(processors=[*shared, render], wrapper_class=structlog.make_filtering_bound_logger(logging.INFO), cache_logger_on_first_use=True)
    handler = logging.StreamHandler(sys.stdout)
    finish: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=finish, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM; any failure ends the process with an error, and whoever supervises it starts it anew."""
    configure_logging()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    metrics = Metrics(CollectorRegistry())
    engine = connect(settings.alerts_database_url)
    workflows, calendar, jobs = load(), work_days(settings.alerts_calendars), Jobs(settings.alerts_database_url)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, enable_idempotence=True, acks="all")
    said = Said(engine, jobs, producer)
    notices = Notices(jobs, calendar)
    deadlines = Deadlines(engine, jobs, workflows, calendar, notices)
    hold, cases = Hold(deadlines), Cases(engine, workflows, calendar, deadlines, notices)
    Notifier(engine, jobs, notice_seal(settings), settings.alerts_url, metrics)  # it lives in the jobs it brings
    seal, mirror = Seal(settings.quarantine_secret.get_secret_value().encode(), Purpose.QUARANTINE), Mirror(engine)
    areas = Areas(engine, jobs, notices, load_regions())
    incidents = Incidents(engine, notices)
    disputes = Disputes(engine, hold, said)
    keeps = Keeps(cases, mirror, areas, incidents, disputes)
    consumers = [
        Consumer(
            reading,
            bootstrap=settings.kafka_bootstrap,
            partitions=settings.partitions,
            keeps=keeps,
            metrics=metrics,
            seal=seal,
            limit=settings.dead_letter_limit,
        )
        for reading in (CASES, MIRROR)
    ]
    pulse = Pulse(engine)
    desk = Desk(
        accounts=Accounts(engine, settings.alerts_session_hours),
        work=Work(engine, workflows, calendar, said, hold),
        relief=ReliefDesk(engine, workflows, calendar, said, hold),
        plan=Plan(engine, hold, said),
        disputes=disputes,
        areas=areas,
        incidents=incidents,
        projects=Projects(engine),
        checklists=load_checklists(),
        lists=Lists(engine, workflows),
        workflows=workflows,
        calendar=calendar,
        inbox=Inbox(engine),
        metrics=metrics,
        pulse=pulse,
        directory_seal=Seal(settings.directory_secret.get_secret_value().encode(), Purpose.DIRECTORY),
        is_production=settings.env == "production",
    )
    web = server(make_app(desk), settings.alerts_host, settings.alerts_port)
    ops = server(make_ops(metrics.registry, lambda: web.started and all(c.is_ready for c in consumers)), settings.alerts_ops_host, settings.alerts_ops_port)
    log.info("alerts.started", port=settings.alerts_port, ops_port=settings.alerts_ops_port)
    work = (
        *(c.run() for c in consumers),
        _jobs(jobs, producer, Sweep(jobs, said, deadlines), deadlines),
        Tally(engine, metrics).run(),
        pulse.run(),
        _wait(ended),
    )
    try:
        await _until_one_ends(web, ops, pulse, work)
    finally:
        await engine.dispose()
    log.info("alerts.stopped")


async def _until_one_ends(web: Server, ops: Server, pulse: Pulse, work: Sequence[Coroutine[None, None, None]]) -> None:
    """Everything runs until one of them ends, then all of it ends; what went wrong is raised."""
    tasks = [asyncio.create_task(w) for w in (web.serve(), ops.serve(), *work)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        pulse.end()
        web.should_exit = ops.should_exit = True
        for task in tasks[2:]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.wait(tasks[:2], timeout=6)


async def _jobs(jobs: Jobs, producer: AIOKafkaProducer, sweep: Sweep, deadlines: Deadlines) -> None:
    """For ever: durable jobs, with the producer they send by."""
    await producer.start()
    try:
        recounted = await deadlines.recount(datetime.now(UTC))
        log.info("alerts.jobs_started", recounted=recounted)
        async with asyncio.TaskGroup() as group:
            group.create_task(jobs.run())
            group.create_task(sweep.run())
    finally:
        await producer.stop()


async def _wait(ended: asyncio.Event) -> None:
    await ended.wait()


if __name__ == "__main__":
    main()
