"""Ingest's commands and its composition: the only place that reads settings and builds things."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from foothold_ingest.agencies import Agencies
from foothold_ingest.api import Door, make_app
from foothold_ingest.database import connect
from foothold_ingest.days import Days
from foothold_ingest.metrics import Metrics
from foothold_ingest.ops import make_ops, server
from foothold_ingest.publish import Publisher, WrongPartitions
from foothold_ingest.quarantine import QuarantineKeeper
from foothold_ingest.settings import DayClock, Settings

log = structlog.get_logger()


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="foothold-ingest", description="Foothold's front door.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="take events until SIGTERM")
    commands.add_parser("migrate", help="bring the database up to date")
    add = (
        commands.add_parser("agency", help="agencies and their keys")
        .add_subparsers(dest="action", required=True)
        .add_parser("add", help="make a key; it is shown once")
    )
    add.add_argument("name")
    add.add_argument("--operator", action="store_true", help="the key may open days and adopt policies, and nothing else")
    arguments = parser.parse_args()
    settings = read_settings()
    match arguments.command:
        case "serve":
            try:
                asyncio.run(serve(settings))
            except WrongPartitions as error:
                sys.exit(f"foothold-ingest cannot go on: {error}")
        case "migrate":
            migrate(settings.ingest_database_url)
        case _:
            sys.stdout.write(asyncio.run(add_agency(settings, arguments.name, is_operator=arguments.operator)) + "\n")


def read_settings() -> Settings:
    """From the environment; a missing or wrong variable ends the process with its name."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"FOOTHOLD_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        sys.exit(f"foothold-ingest cannot start: {wrong}")


def migrate(url: str) -> None:
    """Run the migrations that are missing."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


async def add_agency(settings: Settings, name: str, *, is_operator: bool) -> str:
    """Make a key."""
    engine = connect(settings.ingest_database_url)
    try:
        agencies = Agencies(engine, settings.key_secret.get_secret_value().encode())
        return await agencies.add(name, is_operator=is_operator, now=datetime.now(UTC))
    finally:
        await engine.dispose()


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
    metrics = Metrics(CollectorRegistry())
    engine = connect(settings.ingest_database_url)
    publisher = Publisher(
        bootstrap=settings.kafka_bootstrap,
        instance=settings.instance,
        partitions=settings.partitions,
        max_in_flight=settings.ingest_max_in_flight,
        send_seconds=settings.ingest_send_seconds,
        metrics=metrics,
    )
    await publisher.start()
    days = Days(engine, publisher, metrics, settings.day_clock)
    await days.load()
    door = Door(
        agencies=Agencies(engine, settings.key_secret.get_secret_value().encode()),
        publisher=publisher,
        days=days,
        metrics=metrics,
        day_clock=settings.day_clock,
        secret=settings.household_secret.get_secret_value().encode(),
    )
    web = server(make_app(door), settings.ingest_host, settings.ingest_port)
    ops = server(make_ops(metrics.registry, lambda: web.started and not publisher.broken.done()), settings.ingest_ops_host, settings.ingest_ops_port)
    keeper = QuarantineKeeper(settings.kafka_bootstrap, engine, metrics)
    work: list[Coroutine[Any, Any, None]] = [web.serve(), ops.serve(), keeper.run(), ended.wait(), _raise_when(publisher.broken)]  # type: ignore[list-item]  # wait() returns True
    if settings.day_clock is DayClock.WALL:
        work.append(days.follow_wall_clock())
    log.info("ingest.started", port=settings.ingest_port, ops_port=settings.ingest_ops_port, day_clock=settings.day_clock.value, open_day=str(days.last))
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
        if not publisher.broken.done():
            await publisher.stop()
        await engine.dispose()
    log.info("ingest.stopped")


async def _raise_when(broken: asyncio.Future[None]) -> None:
    await broken


if __name__ == "__main__":
    main()
