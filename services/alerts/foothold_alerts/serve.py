"""Alerts as it serves: desk, readers and jobs of one process, until SIGTERM."""

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from foothold_alerts.build import Built, built
from foothold_alerts.metrics import Metrics
from foothold_alerts.settings import Settings
from foothold_alerts.web.app import make_app
from foothold_alerts.web.live import Pulse
from foothold_runtime.databases import answers
from foothold_runtime.logs import configure_logging
from foothold_runtime.loops import LoopErrors
from foothold_runtime.ops import OpsEndpoint, Readiness
from foothold_runtime.reach import Reach, kafka_checks, named, peer_checks
from foothold_runtime.web import Limits, Server, listen, server

STOP_SECONDS: Final = 8.0

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Run until SIGTERM.

    Any failure ends the process with an error, and whoever supervises it starts it anew.
    """
    configure_logging()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    metrics = Metrics(CollectorRegistry())
    LoopErrors(metrics.registry).watch(asyncio.get_running_loop())
    # Both addresses before anything else is begun: one that is taken is said at once.
    door, ready = listen(settings.alerts_host, settings.alerts_port), Readiness()
    ops = OpsEndpoint(
        metrics.registry,
        ready.asked,
        host=settings.alerts_ops_host,
        port=settings.alerts_ops_port,
        start=settings.start,
    )
    async with built(settings, metrics) as parts:
        web = server(make_app(parts.desk), Limits.of(metrics.registry, settings.proxies))
        ready.is_by(lambda: web.started and all(consumer.is_ready for consumer in parts.consumers))
        log.info("alerts.started", port=settings.alerts_port, ops_port=settings.alerts_ops_port)
        listening = web.serve(sockets=[door])
        work = (
            *(c.run() for c in parts.consumers),
            _jobs(parts),
            parts.tally.run(),
            parts.pulse.run(),
            _wait(ended),
        )
        await _until_one_ends(
            web,
            ops,
            parts.pulse,
            (listening, ops.serve(), _reach(settings, metrics, parts).run(), *work),
        )
    log.info("alerts.stopped")


async def _until_one_ends(
    web: Server, ops: OpsEndpoint, pulse: Pulse, work: Sequence[Coroutine[None, None, None]]
) -> None:
    """Everything runs until one of them ends, then all of it ends; what went wrong is raised.

    The door is the first of the work.
    """
    tasks = [asyncio.create_task(w) for w in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        pulse.end()
        web.should_exit = True
        ops.stop()
        for task in tasks[1:]:
            task.cancel()
        over, _ = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        await asyncio.gather(*over, return_exceptions=True)


def _reach(settings: Settings, metrics: Metrics, parts: Built) -> Reach:
    address = parts.engine.url
    database = {("postgres", f"{address.host}/{address.database}"): lambda: answers(parts.engine)}
    checks = {**kafka_checks(settings.broker), **database, **peer_checks(named(settings.peers))}
    return Reach(metrics.registry, checks, named(settings.folders))


async def _jobs(parts: Built) -> None:
    """For ever: durable jobs, with the producer they send by."""
    await parts.producer.start()
    try:
        recounted = await parts.deadlines.recount(datetime.now(UTC))
        log.info("alerts.jobs_started", recounted=recounted)
        async with asyncio.TaskGroup() as group:
            group.create_task(parts.jobs.run())
            group.create_task(parts.sweep.run())
    finally:
        await parts.producer.stop()


async def _wait(ended: asyncio.Event) -> None:
    await ended.wait()
