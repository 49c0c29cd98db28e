"""Ingest as it serves: doors, console and background work of one process, until SIGTERM."""

import asyncio
import socket
from typing import Final

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from foothold_ingest.build import Built, built
from foothold_ingest.console.desk import Desk
from foothold_ingest.console.fates import Fates
from foothold_ingest.console.keys import KeyPages
from foothold_ingest.console.pages import Pages
from foothold_ingest.console.report import Reports
from foothold_ingest.console.routes import Console, OwnPages
from foothold_ingest.console.sessions import Sessions
from foothold_ingest.console.statement_pages import StatementPages
from foothold_ingest.doors.caseworkers import DeskDoor
from foothold_ingest.doors.http import Door, make_app
from foothold_ingest.doors.kafka import KafkaDoor
from foothold_ingest.doors.problems import too_large
from foothold_ingest.doors.statement_questions import QuestionDoor
from foothold_ingest.doors.topics import TopicDoor
from foothold_ingest.doors.uploads import MAX_FILE, FileDoor
from foothold_ingest.doors.views import ViewDoor
from foothold_ingest.doors.watch import Watch
from foothold_ingest.metrics import Metrics
from foothold_ingest.quarantine.keeper import QuarantineKeeper
from foothold_ingest.rules.binding import MAX_BODY
from foothold_ingest.settings import DayClock, Settings
from foothold_runtime.databases import database_check
from foothold_runtime.logs import configure_logging
from foothold_runtime.ops import OpsEndpoint, Readiness
from foothold_runtime.process.lifecycle import Door as Answering
from foothold_runtime.process.lifecycle import Work, begin, reach_of, run_until_one_ends
from foothold_runtime.variables import Environment
from foothold_runtime.web import BodyLimits, Limits, listen, server

ANSWER_SECONDS: Final = 6.0
"""For the requests under way."""
STOP_SECONDS: Final = 3.0
ROOM: Final = 64 * 1024
"""For what stands around a body: the door itself says by how much one of its own is too large."""
FILE_PATHS: Final = ("/v1/files", "/console/files")

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Run until SIGTERM.

    Any failure ends the process with an error, and whoever supervises it starts it anew.
    """
    configure_logging()
    metrics = Metrics(CollectorRegistry())
    ended = begin(metrics.registry)
    # Both addresses before anything else is begun: one that is taken is said at once.
    door, ready = listen(settings.ingest_host, settings.ingest_port), Readiness()
    ops = OpsEndpoint(
        metrics.registry,
        ready.asked,
        host=settings.ingest_ops_host,
        port=settings.ingest_ops_port,
        start=settings.start,
    )
    async with built(settings, metrics, settings.instance) as parts:
        await _serve(parts, door, ops, ready, ended)
    log.info("ingest.stopped")


async def _serve(
    parts: Built, listener: socket.socket, ops: OpsEndpoint, ready: Readiness, ended: asyncio.Event
) -> None:
    settings = parts.settings
    files = FileDoor(parts.agencies, parts.uploads, parts.mappings)
    app = _application(parts, files)
    limits = Limits.of(parts.metrics.registry, settings.proxies)
    web = server(
        BodyLimits(app, too_large, MAX_BODY + ROOM, dict.fromkeys(FILE_PATHS, MAX_FILE + ROOM)),
        limits,
    )
    ready.is_by(lambda: web.started and not parts.publisher.broken.done())
    work = [*_readers(parts), *_jobs(parts)]
    log.info(
        "ingest.started",
        port=settings.ingest_port,
        ops_port=settings.ingest_ops_port,
        day_clock=settings.day_clock.value,
        open_day=str(parts.days.last),
    )
    await run_until_one_ends(
        work,
        ended=ended,
        ops=ops,
        door=Answering(web.serve(sockets=[listener]), web.end, ANSWER_SECONDS),
        stop_seconds=STOP_SECONDS,
    )


def _application(parts: Built, files: FileDoor) -> FastAPI:
    """What answers at the port: the doors of events, files and questions, and the console."""
    door = Door(
        agencies=parts.agencies,
        intake=parts.intake,
        days=parts.days,
        metrics=parts.metrics,
        day_clock=parts.settings.day_clock,
    )
    app = make_app(door, files)
    TopicDoor(files, parts.readers).add_to(app)
    QuestionDoor(files, parts.statement_questions, parts.statement_asking).add_to(app)
    console(parts, files).add_to(app)
    return app


def _readers(parts: Built) -> list[Work]:
    """What reads Kafka."""
    broker, limit = parts.settings.broker, parts.settings.dead_letter_limit
    kafka_door = KafkaDoor(
        agencies=parts.agencies,
        broker=broker,
        intake=parts.intake,
        publisher=parts.publisher,
        days=parts.days,
        metrics=parts.metrics,
        seal=parts.seal,
        readers=parts.readers,
    )
    desk_door = DeskDoor(
        broker=broker,
        engine=parts.engine,
        publisher=parts.publisher,
        disputes=parts.disputes,
        metrics=parts.metrics,
        seal=parts.seal,
        limit=limit,
    )
    view_door = ViewDoor(
        broker=broker,
        engine=parts.engine,
        publisher=parts.publisher,
        book=parts.statement_questions,
        metrics=parts.metrics,
        seal=parts.seal,
        limit=limit,
    )
    keeper = QuarantineKeeper(broker, parts.engine, parts.metrics, parts.seal, limit)
    return [keeper.run(), kafka_door.run(), desk_door.run(), view_door.run()]


def _jobs(parts: Built) -> list[Work]:
    """What works by itself, turn after turn."""
    settings = parts.settings
    jobs: list[Work] = [
        reach_of(settings, parts.metrics.registry, database_check(parts.engine)).run(),
        parts.releaser.run(),
        parts.questions.run(),
        parts.statement_asking.run(),
        parts.tickets.run(),
        parts.files.run(),
        parts.arrivals.run(parts.metrics),
        Watch(settings.broker, parts.readers, parts.metrics).run(),
        _raise_when(parts.publisher.broken),
    ]
    if settings.day_clock is DayClock.WALL:
        jobs.append(parts.days.follow_wall_clock())
    return jobs


def console(parts: Built, files: FileDoor) -> Console:
    """The agencies' console on these parts."""
    desk = Desk(
        parts.engine,
        arrivals=parts.arrivals,
        disputes=parts.disputes,
        questions=parts.statement_questions,
        uploads=parts.uploads,
        register=parts.register,
        retrier=parts.retrier,
        readers=parts.readers,
    )
    fates = Fates(parts.engine, parts.search, parts.seal)
    reports = Reports(
        agencies=parts.agencies, intake=parts.intake, people=parts.people, days=parts.days
    )
    pages = Pages()
    return Console(
        desk=desk,
        reports=reports,
        fates=fates,
        own_pages=OwnPages(
            KeyPages(parts.register, parts.agencies, pages),
            StatementPages(parts.statement_questions, parts.statement_asking, pages),
        ),
        sessions=Sessions(parts.engine, parts.agencies),
        files=files,
        pages=pages,
        is_production=parts.settings.env is Environment.PRODUCTION,
    )


async def _raise_when(broken: asyncio.Future[None]) -> None:
    await broken
