"""Writes the tables in the documents that come from code, or checks them.

The tables are of variables, topics and metrics; with --check it says which are stale.
"""

import argparse
import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from pydantic_settings import BaseSettings

import foothold_alerts.metrics
import foothold_alerts.settings
import foothold_ingest.metrics
import foothold_ingest.settings
import foothold_risk.metrics
import foothold_risk.settings
from foothold_risk.policy.known import KNOWN
from foothold_risk.policy.loader import SHIPPED
from foothold_runtime.loops import LoopErrors
from foothold_runtime.ops import OpsEndpoint
from foothold_runtime.reach import Reach
from foothold_runtime.web import Limits
from foothold_schemas.wire.topics import TOPICS

ROOT = Path(__file__).parents[1]
SETTINGS: dict[str, type[BaseSettings]] = {
    "ingest": foothold_ingest.settings.Settings,
    "risk": foothold_risk.settings.Settings,
    "alerts": foothold_alerts.settings.Settings,
}


def variables() -> str:
    """Every variable of the three services, and who reads it."""
    readers: dict[str, list[str]] = {}
    rows: dict[str, tuple[str, str]] = {}
    for service, settings in SETTINGS.items():
        for name, field in settings.model_fields.items():
            variable = f"FOOTHOLD_{name.upper()}"
            readers.setdefault(variable, []).append(service)
            rows[variable] = (
                "must be given" if field.is_required() else _default(name, field.default),
                field.description or "",
            )
    lines = [
        f"| `{name}` | {', '.join(readers[name])} | {default} | {text} |"
        for name, (default, text) in sorted(rows.items())
    ]
    return "\n".join(["| variable | read by | default | what it is |", "|---|---|---|---|", *lines])


def _default(name: str, default: object) -> str:
    known = {"instance": "the host's name", "policy_folder": "the shipped bundles"}
    return known.get(name, f"`{default}`")


def topics() -> str:
    """Every topic card."""
    lines = [
        f"| `{card.name}` | {card.key} | {card.holds} | {', '.join(card.writers)} →"
        f" {', '.join(card.readers)} | {card.cleanup.value},"
        f" {'unlimited' if card.retention_days is None else f'{card.retention_days} days'} |"
        for card in TOPICS
    ]
    return "\n".join(
        [
            "| topic | key | holds | writer → reader | cleanup, retention |",
            "|---|---|---|---|---|",
            *lines,
        ]
    )


class OfRuntime:
    """What every process measures of itself, whichever service it is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        Limits.of(registry, "")
        LoopErrors(registry)
        Reach(registry, {}, {})
        OpsEndpoint(registry, bool, host="127.0.0.1", port=0).close()


CATALOGUES: Final = (
    foothold_ingest.metrics.Metrics,
    foothold_risk.metrics.Metrics,
    foothold_risk.metrics.RegionMetrics,
    foothold_alerts.metrics.Metrics,
    OfRuntime,
)


def metrics() -> str:
    """Every metric of the services, and what each process measures of itself."""
    lines = []
    for catalogue in CATALOGUES:
        registry = CollectorRegistry()
        catalogue(registry)
        for metric in registry._collector_to_names:  # noqa: SLF001 - the client offers no public way to ask
            if not isinstance(metric, MetricWrapperBase):
                continue  # what the client itself measures of a process
            family = next(iter(metric.describe()))
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = ", ".join(f"`{label}`" for label in metric._labelnames) or "–"  # noqa: SLF001 - as above
            lines.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    return "\n".join(["| metric | type | labels | what it says |", "|---|---|---|---|", *lines])


def policy_values() -> str:
    """Every value a policy may hold, as the Zibo bundle describes it."""
    described: dict[str, dict[str, str]] = {}
    for file in sorted((SHIPPED / "zibo").glob("[0-9]*.yaml")):
        described |= yaml.safe_load(file.read_text(encoding="utf-8"))["values"]
    lines = []
    for name, known in KNOWN.items():
        meaning = described.get(
            name, {"description": "(no region of the bundle sets it)", "unit": "–"}
        )
        lines.append(
            f"| `{name}` | {meaning['description']} | {meaning['unit']} |"
            f" {'yes' if known.is_required else ''} |"
        )
    return "\n".join(
        ["| value | what it says | unit | must be there |", "|---|---|---|---|", *lines]
    )


def rooms() -> str:
    """Every package as a room: what its docstring says it is for, and the modules in it."""
    lines = []
    for base in ("runtime", "schemas", "services/ingest", "services/risk", "services/alerts"):
        folder = ROOT / base
        packages = [*folder.glob("foothold_*/**/__init__.py"), *folder.glob("tools/__init__.py")]
        for file in sorted(packages):
            names = sorted(path.stem for path in file.parent.glob("*.py") if path != file)
            text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            modules = " ".join(f"`{name}`" for name in names)
            purpose = " ".join(text.split("\n\n")[0].split())
            lines.append(f"| `{file.parent.relative_to(ROOT)}` | {purpose} | {modules} |")
    return "\n".join(["| room | what it is for | modules |", "|---|---|---|", *lines])


TABLES: dict[str, Callable[[], str]] = {
    "rooms": rooms,
    "variables": variables,
    "topics": topics,
    "metrics": metrics,
    "policy values": policy_values,
}
FILES = ("README.md", "docs/architecture.md", "docs/operations.md", "docs/policy.md")


def filled(text: str) -> str:
    """The document with every marked table made anew."""
    for name, table in TABLES.items():
        pattern = re.compile(
            rf"(<!-- {name}: made by 'make generate' -->\n).*?(<!-- end -->)", re.DOTALL
        )
        text = pattern.sub(lambda match, build=table: f"{match[1]}{build()}\n{match[2]}", text)  # type: ignore[misc]  # the default binds this round's table
    return text


def main() -> None:
    """Write the documents, or compare them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    check = arguments.parse_args().check
    stale = [
        name
        for name in FILES
        if (ROOT / name).read_text(encoding="utf-8")
        != filled((ROOT / name).read_text(encoding="utf-8"))
    ]
    if check and stale:
        sys.exit(
            f"The tables in {', '.join(stale)} differ from the code. Run 'make generate' and commit"
            " the result."
        )
    for name in stale:
        path = ROOT / name
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
