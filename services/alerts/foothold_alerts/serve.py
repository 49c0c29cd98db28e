"""Alerts as it serves: desk, readers and jobs of one process, until SIGTERM."""

import asyncio
from datetime import UTC, datetime

import structlog
from prometheus_client import CollectorRegistry

from foothold_alerts.build import Built, built
from foothold_alerts.metrics import Metrics
from foothold_alerts.settings import Settings
from foothold_alerts.web.app import make_app
from foothold_runtime import kafka_clients
from foothold_runtime.databases import database_check
from foothold_runtime.logs import configure_logging
from foothold_runtime.ops import OpsEndpoint, Readiness
from foothold_runtime.process.lifecycle import Door, begin, reach_of, run_until_one_ends
from foothold_runtime.web import Limits, listen, server

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Run until SIGTERM.

    Any failure ends the process with an error, and whoever supervises it starts it anew.
    """
    configure_logging()
    metrics = Metrics(CollectorRegistry())
    ended = begin(metrics.registry)
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

        def end_desk() -> None:
            """Pages that wait for news are under way until there is no more news."""
            parts.pulse.end()
            web.end()

        await run_until_one_ends(
            (
                reach_of(settings, metrics.registry, database_check(parts.engine)).run(),
                *(consumer.run() for consumer in parts.consumers),
                _jobs(parts),
                parts.tally.run(),
                parts.pulse.run(),
            ),
            ended=ended,
            ops=ops,
            door=Door(web.serve(sockets=[door]), end_desk),
        )
    log.info("alerts.stopped")


async def _jobs(parts: Built) -> None:
    """Run until cancelled: durable jobs, with the producer they send by."""
    async with kafka_clients.started(parts.producer):
        recounted = await parts.deadlines.recount(datetime.now(UTC))
        log.info("alerts.jobs_started", recounted=recounted)
        async with asyncio.TaskGroup() as group:
            group.create_task(parts.jobs.run())
            group.create_task(parts.sweep.run())
