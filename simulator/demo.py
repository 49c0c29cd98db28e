"""`make demo`: 5,999 real households from the HTTP door to the inbox, then a storm.

Ends with a table and the inbox open.
"""

import argparse
import csv
import json
import re
import shutil
import signal
import sys
import threading
import time
import urllib.request
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

# platformdirs warns where no XDG_RUNTIME_DIR is set; its fall-back suits us
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from deploy.local.stack import Ports, Stack

from deploy.errors import CannotStart
from deploy.local.ports import free_port, is_free
from deploy.local.welcome import ACCOUNTS, access, give_access
from foothold_schemas.findings import FindingKind
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS
from simulator.county import (
    SHANGHAI,
    Event,
    Surveyed,
    area_names,
    claims,
    incomes,
    operator_event,
    registrations,
    storm,
    survey,
)
from simulator.door import Door, Refused
from simulator.patience import Patience
from simulator.watch import StoodStill, Watch

STORM_COMMUNE: Final = 115
POLICY: Final = Path("services/risk/foothold_risk/policy/bundles/survey")
WORKFLOW: Final = Path("services/alerts/foothold_alerts/workflows/monitoring-1.yaml")
_OPEN: Final = re.compile(
    r'^foothold_alerts_open_cases\{stage="(\w+)"\} ([0-9.e+]+)$', re.MULTILINE
)
_MOVED: Final = {
    "risk": re.compile(r"^foothold_risk_facts_total\{.*\} ([0-9.e+]+)$", re.MULTILINE),
    "alerts": re.compile(r"^foothold_alerts_transitions_total\{.*\} ([0-9.e+]+)$", re.MULTILINE),
}
"""What moves while nothing can be seen yet: facts that were judged, transitions that were taken."""


@dataclass(slots=True)
class Result:
    """The figures of `var/demo.json`: households counted, not facts or transitions."""

    households: int
    facts: int
    findings: dict[str, int]
    groups: dict[str, int]
    groups_after_storm: dict[str, int]
    watched: int
    watched_after_storm: int
    cases: int
    seconds: float

    def as_json(self) -> str:
        """The file's text."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, indent=2) + "\n"


class Demo:
    """One run over a fresh stack."""

    def __init__(self, stack: Stack, console: Console, bundle: str) -> None:
        self.stack = stack
        self.console = console
        self.households = survey()
        self.struck = [h for h in self.households if h.commune == STORM_COMMUNE]
        self.today = datetime.now(SHANGHAI).date()
        self._bundle = bundle
        granted = access(stack)
        self._doors = {
            name.removeprefix("key:"): Door(stack.ingest_url, key)
            for name, key in granted.items()
            if name.startswith("key:")
        }
        self.watch = Watch(stack.kafka.bootstrap, EMBEDDED_PARTITIONS)

    def run(self) -> Result:
        """Load the county, go live, let the storm come.

        Wait each time until everything stands in the inbox.
        """
        facts = self._load()
        self._go_live()
        findings, groups, watched = self.watch.findings(), self.watch.groups(), self.watch.watched()
        facts += self._strike()
        return Result(
            households=len(self.households),
            facts=facts,
            findings=findings,
            groups=groups,
            groups_after_storm=self.watch.groups(),
            watched=watched,
            watched_after_storm=self.watch.watched(),
            cases=self._open_cases(),
            seconds=0,
        )

    def close(self) -> None:
        """Let go of the topic and the doors."""
        self.watch.close()
        for door in self._doors.values():
            door.close()

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("{task.description:<44}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )

    def _load(self) -> int:
        now = datetime.now(UTC)
        with_bill = sum(h.health_spending > 0 for h in self.households)
        feeds: list[tuple[str, str, int, list[Event]]] = [
            (
                "statistics",
                "登记农户 register households",
                len(self.households),
                list(registrations(self.households, now)),
            ),
            (
                "statistics",
                "上报年收入 report yearly income",
                len(self.households),
                list(incomes(self.households, self.today, now)),
            ),
            (
                "health-insurance",
                "上报医疗费用 report medical bills",
                with_bill,
                list(claims(self.households, self.today)),
            ),
        ]
        accepted = 0
        with self._progress() as progress:
            for agency, what, total, events in feeds:
                task = progress.add_task(what, total=total)
                accepted += self._doors[agency].send(
                    events,
                    lambda n, t=task: progress.advance(t, n),  # type: ignore[misc]  # the default binds this round's task
                )
        return accepted

    def _go_live(self) -> None:
        now = datetime.now(UTC)
        adopted = operator_event(
            "PolicyAdopted", f"adopt-{self._bundle[:12]}", now, {"bundle": self._bundle}
        )
        opened = operator_event(
            "DayOpened",
            f"open-{self.today}",
            now,
            {"day": self.today.isoformat(), "is_quiet": True},
        )
        self._doors["operator"].send([adopted, opened])
        with self._progress() as progress:
            task = progress.add_task(
                "启动：逐户研判 go-live: judge every household", total=EMBEDDED_PARTITIONS
            )
            self.watch.until(
                lambda w: w.has_done(self.today),
                "risk has not worked the day through",
                lambda w: progress.update(task, completed=len(w.days)),
                self._patience(),
            )
        self._wait_for_cases()

    def _strike(self) -> int:
        numbers = {h.number for h in self.struck}
        with self._progress() as progress:
            task = progress.add_task("风暴：房屋倒塌 a storm destroys homes", total=len(numbers))
            accepted = self._doors["emergency-management"].send(
                storm(self.struck, self.today, datetime.now(UTC))
            )
            self.watch.until(
                lambda w: _hit(w) >= numbers,
                "not every struck household has its finding",
                lambda w: progress.update(task, completed=len(_hit(w) & numbers)),
                self._patience(),
            )
        self._wait_for_cases()
        return accepted

    def _wait_for_cases(self) -> None:
        """Until the desk's own count of open cases is what the transitions call for.

        Raise StoodStill where that count no longer moves.
        """
        patience = self._patience()
        expected = self.watch.with_case()
        with self._progress() as progress:
            task = progress.add_task("案件进入收件箱 cases reach the inbox", total=expected)
            while (have := self._open_cases()) != expected:
                progress.update(task, completed=have)
                if not patience.lasts(have):
                    raise StoodStill(
                        f"nothing has moved for {patience.idle_seconds:.0f} s: the inbox has {have}"
                        f" cases, the transitions call for {expected}"
                    )
                time.sleep(0.2)
            progress.update(task, completed=have)

    def _open_cases(self) -> int:
        metrics = self._metrics_of("alerts")
        if metrics is None:
            return -1  # being restarted
        return sum(int(float(count)) for _, count in _OPEN.findall(metrics))

    def _patience(self) -> Patience:
        return Patience(elsewhere=self._moved)

    def _moved(self) -> tuple[float, ...]:
        """How far the services are; one that is being restarted counts for nothing."""
        return tuple(
            sum(map(float, pattern.findall(self._metrics_of(service) or "")))
            for service, pattern in _MOVED.items()
        )

    def _metrics_of(self, service: str) -> str | None:
        """A service's metrics; None while it does not answer."""
        try:
            with urllib.request.urlopen(
                f"{self.stack.ops_url(service)}/metrics", timeout=5
            ) as answer:
                return str(answer.read().decode())
        except OSError:
            return None


def _hit(watch: Watch) -> set[str]:
    return {
        t.household.register_number
        for t in watch.latest.values()
        if any(f.rule is FindingKind.DISASTER_LOSS for f in t.findings)
    }


def table(result: Result, struck: list[Surveyed], ratio: str) -> Table:
    """The table at the end."""
    shown = Table(
        title=(
            f"示范县 Demo county, {date.today()} · 比例 ratio {ratio} · 数字仅作演示 illustrative"  # noqa: DTZ011 - for people here
        ),
        title_style="bold",
    )
    shown.add_column("")
    shown.add_column("上线 go-live", justify="right")
    shown.add_column(f"风暴后 after ({len(struck)} 户 struck)", justify="right")
    shown.add_row("农户 households", f"{result.households:,}", "")
    shown.add_row("事实 facts", "", f"{result.facts:,}")
    for finding, count in result.findings.items():
        shown.add_row(f"发现 {finding}", f"{count:,}", "")
    for group in sorted(result.groups | result.groups_after_storm):
        shown.add_row(
            f"类别 {group}",
            f"{result.groups.get(group, 0):,}",
            f"{result.groups_after_storm.get(group, 0):,}",
        )
    shown.add_row(
        "关注 watched, no group", f"{result.watched:,}", f"{result.watched_after_storm:,}"
    )
    shown.add_row("案件 open cases", "", f"{result.cases:,}")
    shown.add_row("用时 seconds", "", f"{result.seconds}")
    return shown


def write_policy(folder: Path, ratio: str) -> Path:
    """The survey's bundle with this threshold, in a folder of its own."""
    try:
        share = Decimal(ratio)
    except InvalidOperation:
        share = Decimal(0)
    if not 0 < share <= 1 or not re.fullmatch(r"[01]?\.?[0-9]{1,4}", ratio):
        raise CannotStart(
            f"RATIO={ratio} is not a share.",
            "Write it above 0 and at most 1 with at most four places, such as RATIO=0.25.",
        )
    (folder / POLICY.name).mkdir(parents=True, exist_ok=True)
    for file in POLICY.glob("*.yaml"):
        written = file.read_text(encoding="utf-8").replace('value: "0.10"', f'value: "{share}"')
        (folder / POLICY.name / file.name).write_text(written, encoding="utf-8")
    return folder


def write_workflow(folder: Path) -> Path:
    """Write the shipped workflow with its amounts in the survey's currency.

    It is written as the next version: limits in yuan bound nothing there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shipped = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    bundle = yaml.safe_load((POLICY / "bundle.yaml").read_text(encoding="utf-8"))
    township = shipped.pop("township_yuan") | {
        "confidence": "I",
        "reference": "Illustrative; the survey's county has no published limit.",
    }
    own = shipped | {
        "version": shipped["version"] + 1,
        "currency": bundle["currency"],
        "township": township,
    }
    (folder / f"monitoring-{own['version']}.yaml").write_text(
        yaml.safe_dump(own, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return folder


def write_area_names(file: Path) -> Path:
    """What the demonstration's areas are called."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([("code", "name", "name_en"), *area_names(survey())])
    return file


def _ports() -> Ports:
    """The usual doors if they are free, any others if not."""
    return Ports(
        *(port if is_free(port) else free_port() for port in (8080, 8081, 9101, 9102, 9103, 9104))
    )


def main() -> None:
    """Run the demonstration; end with 0, or with one clear sentence."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--once", action="store_true", help="end after the table")
    arguments.add_argument("--ratio", default="0.10", help="threshold of rigid_spending_ratio")
    arguments.add_argument(
        "--folder", type=Path, default=Path("var/demo"), help="where this run keeps its data"
    )
    arguments.add_argument(
        "--json", type=Path, default=Path("var/demo.json"), help="where the figures go"
    )
    chosen = arguments.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _end(ended))
    try:
        demonstrate(chosen.folder, chosen.json, chosen.ratio, once=chosen.once, ended=ended)
    except (CannotStart, Refused, StoodStill) as error:
        sys.exit(f"\nFoothold: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _end(ended: threading.Event) -> None:
    if ended.is_set() or not _is_open.is_set():
        raise KeyboardInterrupt
    ended.set()


_is_open: Final = threading.Event()


def demonstrate(
    folder: Path, figures: Path, ratio: str, *, once: bool, ended: threading.Event
) -> None:
    """Fresh data, services, the run, the table; then, unless once, the inbox until Ctrl-C."""
    console = Console()
    if folder.is_dir():
        Stack.wipe(folder)
    policy_folder = write_policy(folder / "policy", ratio)
    more = {
        "FOOTHOLD_ALERTS_WORKFLOWS": str(write_workflow(folder / "workflows").resolve()),
        "FOOTHOLD_ALERTS_AREA_NAMES": str(write_area_names(folder / "areas.csv").resolve()),
    }
    started = time.monotonic()
    stack = Stack(
        folder,
        _ports(),
        day_clock="manual",
        policy_folder=policy_folder,
        more=more,
        say=lambda _name, text: console.print(f"[dim]{text}[/dim]"),
    )
    with stack:
        bundle = stack.command("risk", "policy", "check", str(policy_folder)).split()[0]
        demo = Demo(stack, console, bundle)
        try:
            result = demo.run()
        finally:
            demo.close()
        result.seconds = round(time.monotonic() - started, 1)
        console.print(table(result, demo.struck, ratio))
        figures.parent.mkdir(parents=True, exist_ok=True)
        figures.write_text(result.as_json(), encoding="utf-8")
        if not once:
            console.print(give_access(stack), highlight=False, soft_wrap=True)
            console.print(
                f"[bold]登录 log in:[/bold] {stack.inbox_url}  {ACCOUNTS[0]} /"
                f" {access(stack)[f'password:{ACCOUNTS[0]}']}",
                highlight=False,
            )
            _is_open.set()
            while not ended.wait(0.5):
                for service in stack.services.values():
                    service.check()
    shutil.rmtree(policy_folder, ignore_errors=True)


if __name__ == "__main__":
    main()
