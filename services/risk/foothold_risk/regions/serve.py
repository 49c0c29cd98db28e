"""Risk as it watches whole areas: the windows and their inner door, until SIGTERM.

A process of its own, the only one that loads Faust.
"""

import structlog
from prometheus_client import CollectorRegistry

from foothold_risk.metrics import RegionMetrics
from foothold_risk.regions.agent import Regions
from foothold_risk.rules.policy import Policy
from foothold_risk.settings import Settings
from foothold_runtime.logs import configure_logging
from foothold_runtime.ops import OpsEndpoint
from foothold_runtime.process.lifecycle import begin, reach_of, run_until_one_ends
from foothold_schemas.seal import Purpose, Seal

log = structlog.get_logger()


async def serve_regions(settings: Settings, policies: dict[str, Policy]) -> None:
    """Run the region windows until SIGTERM.

    A failure ends the process, and the next one reads the signals from their start.
    """
    configure_logging()
    metrics = RegionMetrics(CollectorRegistry())
    regions = Regions(
        broker=settings.broker,
        instance=settings.instance,
        partitions=settings.partitions,
        policies=policies,
        metrics=metrics,
        seal=Seal(settings.quarantine_secret.get_secret_value().encode(), Purpose.QUARANTINE),
    )
    ops = OpsEndpoint(
        metrics.registry,
        lambda: regions.is_ready,
        host=settings.regions_ops_host,
        port=settings.regions_ops_port,
        start=settings.start,
    )
    log.info("risk.regions_started", ops_port=settings.regions_ops_port, instance=settings.instance)
    await run_until_one_ends(
        (reach_of(settings, metrics.registry).run(), regions.run()),
        ended=begin(metrics.registry),
        ops=ops,
    )
    log.info("risk.regions_stopped")
