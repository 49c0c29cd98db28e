"""Ingest's commands and its composition: the only place that reads settings and builds things."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.config import Config
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from foothold_ingest import commands
from foothold_ingest.api import Door, make_app
from foothold_ingest.build import Built, built, quarantine_seal
from foothold_ingest.commands import Refused
from foothold_ingest.kafka_door import KafkaDoor
from foothold_ingest.metrics import Metrics
from foothold_ingest.ops import make_ops, server
from foothold_ingest.publish import WrongPartitions
from foothold_ingest.quarantine import QuarantineKeeper
from foothold_ingest.settings import DayClock, Settings
from foothold_schemas.quarantine import RefusalReason

COMMANDS: Final[dict[str, Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, str]]]] = {
    "agency": commands.agency,
    "quarantine": commands.quarantine,
    "region": commands.region,
    "double": commands.double,
    "go-live": commands.go_live,
    "directory": commands.erase,
}

log = structlog.get_logger()


def main() -> None:
    """Parse the command line and do it."""
    arguments = parser().parse_args()
    settings = read_settings()
    try:
        if (said := run(settings, arguments)) is not None:
            sys.stdout.write(said + "\n")
    except (WrongPartitions, Refused) as error:
        sys.exit(f"foothold-ingest cannot go on: {error}")


def run(settings: Settings, arguments: argparse.Namespace) -> str | None:
    """Do the command; return what to print."""
    match arguments.command:
        case "serve":
            asyncio.run(serve(settings))
        case "migrate":
            migrate(settings)
        case name:
            return asyncio.run(COMMANDS[name](settings, arguments))
    return None


def parser() -> argparse.ArgumentParser:
    """The commands."""
    made = argparse.ArgumentParser(prog="foothold-ingest", description="Foothold's front door.")
    first = made.add_subparsers(dest="command", required=True)
    first.add_parser("serve", help="take events until SIGTERM")
    first.add_parser("migrate", help="bring the database up to date")
    agency = first.add_parser("agency", help="agencies, their keys and topics").add_subparsers(dest="action", required=True)
    add = agency.add_parser("add", help="make a key, shown once, and the agency's topic")
    add.add_argument("name")
    add.add_argument("--operator", action="store_true", help="the key may open days, adopt policies and tell what people decided, and nothing else")
    allow = agency.add_parser("allow", help="set what an agency may send; what is left out is unlimited")
    allow.add_argument("name")
    for one in (add, allow):
        one.add_argument("--kinds", nargs="+", metavar="KIND", help="kinds of facts, such as MedicalClaimSettled; without it every kind")
        one.add_argument("--areas", nargs="+", metavar="CODE", help="first 2, 4 or 6 digits of its areas; without it everywhere")
    agency.add_parser("rotate", help="another key beside the one in use, shown once").add_argument("name")
    disable = agency.add_parser("disable", help="end one key, or silence the agency at every door")
    disable.add_argument("name")
    disable.add_argument("--key", metavar="PREFIX", help="only the key with this prefix")
    agency.add_parser("enable", help="let a disabled agency speak again").add_argument("name")
    agency.add_parser("list", help="who may send what, and the prefixes of live keys")
    live = first.add_parser("go-live", help="open the first day, once the register and twelve months are loaded")
    live.add_argument("--loud", action="store_true", help="notify people of the cases that follow from what was loaded")
    directory = first.add_parser("directory", help="whom to visit").add_subparsers(dest="action", required=True)
    directory.add_parser("erase", help="destroy a household's contact and its key").add_argument("subject", help="<county>/<register number>")
    region = first.add_parser("region", help="county codes beside the standard's table").add_subparsers(dest="action", required=True)
    added = region.add_parser("add", help="know a county code, or set its years")
    added.add_argument("code", help="six digits")
    added.add_argument("name")
    added.add_argument("--from-year", type=int, help="the first year at whose end it held; without it always")
    added.add_argument("--last-year", type=int, help="the last year at whose end it held; without it still")
    double = first.add_parser("double", help="people who stand in two households at once").add_subparsers(dest="action", required=True)
    double.add_parser("list", help="open tickets with both households; each is mended in the register of one of them")
    dismissed = double.add_parser("dismiss", help="close a ticket that is no double")
    dismissed.add_argument("ticket", type=int)
    dismissed.add_argument("--because", required=True)
    shelf = first.add_parser("quarantine", help="what could not be used").add_subparsers(dest="action", required=True)
    listed = shelf.add_parser("list", help="what waits, oldest first")
    listed.add_argument("--all", action="store_true", help="also what was retried")
    show = shelf.add_parser("show", help="one record and its history")
    show.add_argument("id")
    show.add_argument("--content", action="store_true", help="the record itself; it may hold personal data, and looking leaves a trace")
    retry = shelf.add_parser("retry", help="try records again: these, or all that wait")
    retry.add_argument("ids", nargs="*", metavar="id")
    for one in (listed, retry):
        one.add_argument("--reason", choices=[reason.value for reason in RefusalReason])
        one.add_argument("--limit", type=int, default=1_000)
    return made


def read_settings() -> Settings:
    """From the environment; a missing or wrong variable ends the process with its name."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"FOOTHOLD_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        sys.exit(f"foothold-ingest cannot start: {wrong}")


def migrate(settings: Settings) -> None:
    """Run the migrations that are missing."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("sqlalchemy.url", settings.ingest_database_url.replace("%", "%%"))
    config.attributes["quarantine_seal"] = quarantine_seal(settings)
    command.upgrade(config, "head")


def configure_logging() -> None:
    """JSON lines on standard output, one canonical line per event and request. Libraries' lines join the stream."""
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
    async with built(settings, Metrics(CollectorRegistry()), settings.instance) as parts:
        await _serve(parts, ended)
    log.info("ingest.stopped")


async def _serve(parts: Built, ended: asyncio.Event) -> None:
    settings = parts.settings
    door = Door(agencies=parts.agencies, intake=parts.intake, days=parts.days, metrics=parts.metrics, day_clock=settings.day_clock)
    kafka_door = KafkaDoor(
        agencies=parts.agencies,
        bootstrap=settings.kafka_bootstrap,
        intake=parts.intake,
        publisher=parts.publisher,
        days=parts.days,
        metrics=parts.metrics,
        seal=parts.seal,
        limit=settings.dead_letter_limit,
    )
    keeper = QuarantineKeeper(settings.kafka_bootstrap, parts.engine, parts.metrics, parts.seal)
    web = server(make_app(door), settings.ingest_host, settings.ingest_port)
    is_ready = lambda: web.started and not parts.publisher.broken.done()  # noqa: E731 - said once, used once
    ops = server(make_ops(parts.metrics.registry, is_ready), settings.ingest_ops_host, settings.ingest_ops_port)
    work: list[Coroutine[Any, Any, object]] = [
        web.serve(),
        ops.serve(),
        keeper.run(),
        kafka_door.run(),
        parts.releaser.run(),
        ended.wait(),
        _raise_when(parts.publisher.broken),
    ]
    if settings.day_clock is DayClock.WALL:
        work.append(parts.days.follow_wall_clock())
    log.info("ingest.started", port=settings.ingest_port, ops_port=settings.ingest_ops_port, day_clock=settings.day_clock.value, open_day=str(parts.days.last))
    tasks = [asyncio.create_task(w) for w in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        web.should_exit = ops.should_exit = True
        for task in done:
            task.result()
        await asyncio.wait(tasks[:2], timeout=6)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _raise_when(broken: asyncio.Future[None]) -> None:
    await broken


if __name__ == "__main__":
    main()
