"""Workflows as data, and the loader that refuses what is not clear.

They are steps and limits with their references.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from foothold_alerts.rules.case import OPEN, ReliefKind, Role, Stage
from foothold_alerts.rules.deadlines import DeadlineKind
from foothold_alerts.rules.regions import Answer, Answers, Audience
from foothold_alerts.rules.workflow import (
    HARD_LIMIT_FEN,
    LOOK,
    PAUSE_DAYS,
    URGENT_HOURS,
    YUAN,
    Announcement,
    Limit,
    Limits,
    Need,
    Rung,
    Step,
    Unit,
    Workflow,
    Workflows,
)
from foothold_schemas.facts.facts import Hazard
from foothold_schemas.messages.areas import WarningLevel

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
SHIPPED: Final = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumberEntry(_Strict):
    """A number, where it comes from and how sure that is."""

    count: int = Field(ge=1, le=1_000_000, strict=True)
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I"]


class LimitEntry(NumberEntry):
    """A number of hours or days."""

    unit: Unit

    def limit(self) -> Limit:
        """As the rules see it."""
        return Limit(self.count, self.unit)


_OWN: Final = "Foothold's own choice, where the file names none."


class LimitEntries(_Strict):
    """Every limit the work knows.

    What has a default came later: a county's own file goes on as it is, since running cases keep
    their version.
    """

    settle: LimitEntry
    notice: LimitEntry
    first_measure: LimitEntry
    measure: LimitEntry
    emergency: LimitEntry
    papers: LimitEntry
    look: LimitEntry = LimitEntry(count=LOOK.count, unit=LOOK.unit, reference=_OWN, confidence="I")


class UrgentEntry(_Strict):
    """How near the end of a duty is when its case is urgent."""

    within_hours: int = Field(ge=1, le=1_000, strict=True)
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I"]


class Currency(_Strict):
    """What amounts are in."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class AmountEntry(NumberEntry):
    """An amount in whole units of the file's currency.

    It may name its own, which then is the file's.
    """

    currency: Currency | None = None

    @property
    def fen(self) -> int:
        """As the rules see it."""
        return self.count * 100


class ReliefEntries(_Strict):
    """What bounds the amount of a relief.

    A county without a scale or a ceiling of its own names none.
    """

    hard_limit: AmountEntry = AmountEntry(
        count=HARD_LIMIT_FEN // 100, reference=_OWN, confidence="I"
    )
    ceiling: AmountEntry | None = None
    scale: dict[ReliefKind, AmountEntry] = {}


class PauseLimitEntry(_Strict):
    """How long the time to settle stands still at most."""

    longest_days: int = Field(ge=1, le=366, strict=True)
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I"]


class StepEntry(_Strict):
    """One step."""

    name: Word
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    sources: Annotated[tuple[Stage, ...], Field(min_length=1, alias="from")]
    to: Stage | None = None
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    needs: tuple[Need, ...] = ()
    says: Announcement | None = None

    @model_validator(mode="after")
    def _begins_open(self) -> Self:
        if not set(self.sources) <= OPEN:
            raise ValueError(f"the step {self.name} begins at a stage that is over")
        return self

    def step(self) -> Step:
        """As the rules see it."""
        return Step(
            self.name,
            self.zh,
            self.en,
            frozenset(self.sources),
            self.to,
            frozenset(self.roles),
            self.needs,
            self.says,
        )


class RungEntry(_Strict):
    """One rung of the escalation."""

    after_hours: int = Field(ge=0, le=1_000, strict=True)
    to: Role
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I"]


class ReminderEntry(_Strict):
    """How long before a deadline its people are reminded."""

    before_hours: int = Field(ge=1, le=1_000, strict=True)
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I"]


class PauseEntry(_Strict):
    """A reason for which the time to settle may stand still."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class WorkflowFile(_Strict):
    """A file `monitoring-<version>.yaml`."""

    version: int = Field(ge=1, strict=True)
    limits: LimitEntries
    urgent: UrgentEntry = UrgentEntry(within_hours=URGENT_HOURS, reference=_OWN, confidence="I")
    visits_a_month: NumberEntry
    currency: Currency = Currency(zh=YUAN[0], en=YUAN[1])
    township_yuan: AmountEntry | None = None
    township: AmountEntry | None = None
    relief: ReliefEntries = ReliefEntries()
    pause: PauseLimitEntry = PauseLimitEntry(
        longest_days=PAUSE_DAYS, reference=_OWN, confidence="I"
    )
    pauses: dict[Word, PauseEntry]
    reminders: dict[DeadlineKind, ReminderEntry]
    escalation: Annotated[tuple[RungEntry, ...], Field(min_length=1)]
    steps: Annotated[tuple[StepEntry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_one_currency(self) -> Self:
        """Every amount is in the file's currency: amounts in two are never compared."""
        if (self.township_yuan is None) == (self.township is None):
            raise ValueError(
                "write what a township decides alone once: `township`, or `township_yuan` where the"
                " currency is yuan"
            )
        if self.township_yuan is not None and self.currency.en != YUAN[1]:
            raise ValueError(
                f"township_yuan is in yuan and the file's currency is {self.currency.en}: write the"
                f" limit as `township`, in {self.currency.en}"
            )
        if self._township.fen > self.relief.hard_limit.fen:
            raise ValueError(
                "what a township decides alone is above relief.hard_limit, which nobody may exceed"
            )
        named = {
            "township": self._township,
            "relief.hard_limit": self.relief.hard_limit,
            "relief.ceiling": self.relief.ceiling,
        }
        named |= {f"relief.scale.{kind}": entry for kind, entry in self.relief.scale.items()}
        for name, entry in named.items():
            if entry is not None and entry.currency is not None and entry.currency != self.currency:
                raise ValueError(
                    f"{name} is in {entry.currency.en} and the file's currency is"
                    f" {self.currency.en}: limits are in one currency"
                )
        return self

    @property
    def _township(self) -> AmountEntry:
        entry = self.township or self.township_yuan
        if entry is None:
            raise ValueError("no limit of the township")
        return entry

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        """Each rung later than the one before."""
        hours = [rung.after_hours for rung in self.escalation]
        if hours != sorted(set(hours)):
            raise ValueError("the rungs of the escalation do not follow one another")
        return self

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        """Check that no step stands twice and that no case is ever stuck.

        From every stage that is open a way leads to an end.
        """
        names = [s.name for s in self.steps]
        if twice := {n for n in names if names.count(n) > 1}:
            raise ValueError(f"steps that stand twice: {', '.join(sorted(twice))}")
        # from there risk says when elimination is due
        reachable = {s for s in Stage if s not in OPEN} | {Stage.IDENTIFIED}
        while (
            more := {
                source for step in self.steps if step.to in reachable for source in step.sources
            }
            - reachable
        ):
            reachable |= more
        if stuck := OPEN - reachable:
            raise ValueError(f"no step leads out of {', '.join(sorted(stuck))}")
        return self

    def workflow(self) -> Workflow:
        """As the rules see it."""
        named = {name: getattr(self.limits, name).limit() for name in LimitEntries.model_fields}
        relief = self.relief
        limits = Limits(
            **named,
            visits_a_month=self.visits_a_month.count,
            township_fen=self._township.fen,
            urgent_hours=self.urgent.within_hours,
            pause_days=self.pause.longest_days,
            currency=(self.currency.zh, self.currency.en),
            hard_limit_fen=relief.hard_limit.fen,
            ceiling_fen=None if relief.ceiling is None else relief.ceiling.fen,
            scale={kind: entry.fen for kind, entry in relief.scale.items()},
        )
        escalation = tuple(Rung(r.after_hours, r.to) for r in self.escalation)
        pauses = {name: (p.zh, p.en) for name, p in self.pauses.items()}
        reminders = {kind.value: entry.before_hours for kind, entry in self.reminders.items()}
        return Workflow(
            self.version, tuple(s.step() for s in self.steps), limits, escalation, pauses, reminders
        )


class AnswerEntry(_Strict):
    """What a level of a region warning asks of people."""

    told: Annotated[tuple[Audience, ...], Field(min_length=1)]
    acknowledge_hours: int = Field(ge=1, le=1_000, strict=True)
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I"]


class RegionsFile(_Strict):
    """The file `regions.yaml`: every level, and the graver the sooner."""

    levels: dict[WarningLevel, AnswerEntry]

    @model_validator(mode="after")
    def _each_level_sooner(self) -> Self:
        hours = [
            self.levels[level].acknowledge_hours if level in self.levels else 0
            for level in WarningLevel
        ]
        if hours != sorted(hours) or 0 in hours:
            raise ValueError(
                "each level from I to IV says within how many hours somebody must have seen it, and"
                " a graver one never later"
            )
        return self


def load_regions(file: Path = SHIPPED / "regions.yaml") -> Answers:
    """What each level asks for; raise ValueError for anything unknown or missing."""
    read = RegionsFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    return {
        level: Answer(frozenset(entry.told), timedelta(hours=entry.acknowledge_hours))
        for level, entry in read.levels.items()
    }


class Check(_Strict):
    """One line of a checklist."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


_CHECKLISTS: Final = TypeAdapter(dict[Hazard, Annotated[list[Check], Field(min_length=1)]])


def load_checklists(file: Path = SHIPPED / "checklists.yaml") -> dict[str, list[tuple[str, str]]]:
    """Hazard → what people go through.

    Raise ValueError for an unknown hazard, or one without a list.
    """
    read = _CHECKLISTS.validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
    if missing := [hazard.value for hazard in Hazard if hazard not in read]:
        raise ValueError(f"{file.name} has no list for {', '.join(missing)}")
    return {
        hazard.value: [(check.zh, check.en) for check in checks] for hazard, checks in read.items()
    }


def load(*folders: Path) -> Workflows:
    """Every version in the folders, else the shipped ones.

    Raise ValueError for anything unknown, missing, stuck, twice, or without a reference.
    """
    workflows: dict[int, Workflow] = {}
    for folder in folders or (SHIPPED,):
        files = sorted(folder.glob("monitoring-*.yaml"))
        if not files:
            raise ValueError(f"no workflow stands in {folder}")
        for path in files:
            content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
            workflow = WorkflowFile.model_validate(content).workflow()
            if path.name != f"monitoring-{workflow.version}.yaml":
                raise ValueError(f"{path.name} says that it is version {workflow.version}")
            if workflow.version in workflows:
                raise ValueError(
                    f"{path} has the number of another version: cases that run keep theirs, so give"
                    " this one the next"
                )
            workflows[workflow.version] = workflow
    return Workflows(workflows)
