"""Risk's commands and its composition: the only place that reads settings and builds things."""

import argparse
import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Coroutine
from datetime import date
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from foothold_risk import commands
from foothold_risk.errors import CannotServe
from foothold_risk.explain import differences, read, replay, tell
from foothold_risk.metrics import Metrics, RegionMetrics
from foothold_risk.ops import Server, make_ops, server
from foothold_risk.partition import Shelf
from foothold_risk.policy.loader import SHIPPED, load_folder
from foothold_risk.policy.text import PolicyError
from foothold_risk.regions import Regions
from foothold_risk.rules.policy import Policy
from foothold_risk.settings import Settings
from foothold_risk.worker import Worker
from foothold_schemas.seal import Purpose, Seal

log = structlog.get_logger()


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="foothold-risk", description="Foothold's judge.")
    subcommands = parser.add_subparsers(dest="command", required=True)
    subcommands.add_parser("serve", help="judge facts until SIGTERM")
    subcommands.add_parser("regions", help="watch whole areas until SIGTERM: windows over villages, townships and counties")
    policy = subcommands.add_parser("policy", help="policy bundles").add_subparsers(dest="action", required=True)
    check = policy.add_parser("check", help="load every bundle of a folder and print its hash and title")
    check.add_argument("folder", nargs="?", type=Path, default=SHIPPED)
    show = policy.add_parser("show", help="what is in force somewhere on a day, with its sources")
    show.add_argument("--area", required=True, help="county (6 digits), township (9) or village (12)")
    show.add_argument("--on", required=True, type=date.fromisoformat, help="the day, YYYY-MM-DD")
    show.add_argument("--folder", type=Path, default=SHIPPED)
    adopt = policy.add_parser("adopt", help="make a bundle decide from now on")
    adopt.add_argument("bundle", help="the bundle's hash, or its beginning")
    adopt.add_argument("--door", required=True, help="ingest's address, such as http://127.0.0.1:8080")
    adopt.add_argument("--key-file", required=True, type=argparse.FileType(encoding="utf-8"), help="file with an operator's key; - reads standard input")
    adopt.add_argument("--folder", type=Path, default=SHIPPED)
    explain = subcommands.add_parser("explain", help="fold a household's log again; every step and number, compared with what was said")
    explain.add_argument("household", help="the household's id, 32 hex digits")
    explain.add_argument("--on", required=True, type=date.fromisoformat, help="as of this day, YYYY-MM-DD")
    arguments = parser.parse_args()
    if arguments.command == "policy":
        sys.stdout.write(policy_command(arguments))
        return
    settings = read_settings()
    if arguments.command == "explain":
        asyncio.run(explain_household(settings, arguments.household, arguments.on))
        return
    try:
        begin = serve_regions if arguments.command == "regions" else serve
        asyncio.run(begin(settings, load(settings.policy_folder)))
    except CannotServe as error:
        sys.exit(f"foothold-risk cannot go on: {error}")


async def explain_household(settings: Settings, household_id: str, on: date) -> None:
    """Print the explanation; where it differs from what was said then, say so and end with 1."""
    policies = load(settings.policy_folder)
    facts, stored = await read(settings.kafka_bootstrap, household_id, settings.partitions)
    try:
        replayed = replay(household_id, facts, policies, on)
    except CannotServe as error:
        sys.exit(f"foothold-risk: {error}")
    sys.stdout.writelines(f"{line}\n" for line in tell(household_id, replayed, policies, on))
    if found := differences(replayed.said, stored, on):
        sys.exit("\n".join(["  与当时所述不同 differs from what was said then:", *(f"  {line}" for line in found)]))
    sys.stdout.write(f"  与当时所述一致 equals what was said then: {len(replayed.said)}\n")


def policy_command(arguments: argparse.Namespace) -> str:
    """What a policy command prints; a problem ends the process with its sentence."""
    policies = load(arguments.folder)
    try:
        match arguments.action:
            case "check":
                return commands.check(policies)
            case "show":
                return commands.show(policies, arguments.area, arguments.on)
            case _:
                return commands.adopt(policies, arguments.bundle, arguments.door, arguments.key_file.read().strip())
    except commands.NotDone as error:
        sys.exit(f"foothold-risk: {error}")


def load(folder: Path) -> dict[str, Policy]:
    """The bundles, or the end of the process with file and line."""
    try:
        return load_folder(folder)
    except PolicyError as error:
        sys.exit(f"foothold-risk cannot start: {error}")


def read_settings() -> Settings:
    """From the environment; a missing or wrong variable ends the process with its name."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"FOOTHOLD_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        sys.exit(f"foothold-risk cannot start: {wrong}")


def configure_logging() -> None:
    """JSON lines on standard output, one canonical line per fact. Libraries' lines join the stream."""
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


async def serve(settings: Settings, policies: dict[str, Policy]) -> None:
    """Run until SIGTERM; any failure ends the process with an error, and whoever supervises it starts it anew."""
    configure_logging()
    gc.set_threshold(50_000, 50, 50)  # large state, few cycles: the default thresholds cost a quarter of the throughput
    metrics = Metrics(CollectorRegistry())
    worker = Worker(
        bootstrap=settings.kafka_bootstrap,
        partitions=settings.partitions,
        session_ms=settings.risk_session_ms,
        stall_seconds=settings.risk_stall_seconds,
        policies=policies,
        metrics=metrics,
        shelf=Shelf(Seal(settings.quarantine_secret.get_secret_value().encode(), Purpose.QUARANTINE), settings.dead_letter_limit),
    )
    ops = server(make_ops(metrics.registry, lambda: worker.is_ready), settings.risk_ops_host, settings.risk_ops_port)
    for policy in policies.values():
        log.info("risk.policy_loaded", bundle=policy.bundle, title=policy.title.en, illustrative=policy.illustrative, regions=sorted(policy.places))
    log.info("risk.started", ops_port=settings.risk_ops_port)
    await _until_ended(ops, worker.run())
    log.info("risk.stopped")


async def serve_regions(settings: Settings, policies: dict[str, Policy]) -> None:
    """Run the region windows until SIGTERM; a failure ends the process, and the next one reads the signals from their start."""
    configure_logging()
    metrics = RegionMetrics(CollectorRegistry())
    regions = Regions(
        bootstrap=settings.kafka_bootstrap,
        instance=settings.instance,
        partitions=settings.partitions,
        policies=policies,
        metrics=metrics,
        seal=Seal(settings.quarantine_secret.get_secret_value().encode(), Purpose.QUARANTINE),
    )
    ops = server(make_ops(metrics.registry, lambda: regions.is_ready), settings.regions_ops_host, settings.regions_ops_port)
    log.info("risk.regions_started", ops_port=settings.regions_ops_port, instance=settings.instance)
    await _until_ended(ops, regions.run())
    log.info("risk.regions_stopped")


async def _until_ended(ops: Server, work: Coroutine[None, None, None]) -> None:
    """Until SIGTERM or SIGINT; what goes wrong in the work or in its inner door is raised."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    tasks = [asyncio.create_task(ops.serve()), asyncio.create_task(work), asyncio.create_task(_wait(ended))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        ops.should_exit = True
        for task in tasks[1:]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.wait(tasks[:1], timeout=6)


async def _wait(ended: asyncio.Event) -> None:
    await ended.wait()


if __name__ == "__main__":
    main()
