"""Risk as it judges: a worker and its inner door, until SIGTERM."""

import gc

import structlog
from prometheus_client import CollectorRegistry

from foothold_risk.metrics import Metrics
from foothold_risk.rules.policy import Policy
from foothold_risk.settings import Settings
from foothold_risk.worker.quarantine import Shelf
from foothold_risk.worker.worker import Worker
from foothold_runtime.logs import configure_logging
from foothold_runtime.ops import OpsEndpoint
from foothold_runtime.process.lifecycle import begin, reach_of, run_until_one_ends
from foothold_schemas.seal import Purpose, Seal

log = structlog.get_logger()


async def serve(settings: Settings, policies: dict[str, Policy]) -> None:
    """Run until SIGTERM.

    Any failure ends the process with an error, and whoever supervises it starts it anew.
    """
    configure_logging()
    # large state, few cycles: the default thresholds cost a quarter of the throughput
    gc.set_threshold(50_000, 50, 50)
    metrics = Metrics(CollectorRegistry())
    worker = Worker(
        broker=settings.broker,
        partitions=settings.partitions,
        session_ms=settings.risk_session_ms,
        stall_seconds=settings.risk_stall_seconds,
        policies=policies,
        metrics=metrics,
        shelf=Shelf(
            Seal(settings.quarantine_secret.get_secret_value().encode(), Purpose.QUARANTINE),
            settings.dead_letter_limit,
        ),
    )
    ops = OpsEndpoint(
        metrics.registry,
        lambda: worker.is_ready,
        host=settings.risk_ops_host,
        port=settings.risk_ops_port,
        start=settings.start,
    )
    for policy in policies.values():
        log.info(
            "risk.policy_loaded",
            bundle=policy.bundle,
            title=policy.title.en,
            illustrative=policy.illustrative,
            regions=sorted(policy.places),
        )
    log.info("risk.started", ops_port=settings.risk_ops_port)
    await run_until_one_ends(
        (reach_of(settings, metrics.registry).run(), worker.run()),
        ended=begin(metrics.registry),
        ops=ops,
    )
    log.info("risk.stopped")
