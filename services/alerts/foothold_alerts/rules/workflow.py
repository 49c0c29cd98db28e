"""What a workflow is.

It has the steps of a case with whose they are and what they need, and the limits of the work. It is
loaded elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from foothold_alerts.rules.case import ReliefKind, Role, Stage


class Unit(StrEnum):
    """How a limit counts.

    The day on which a limit of days begins does not count; hours are exact.
    """

    HOURS = "hours"
    DAYS = "calendar_days"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many hours, days or working days."""

    count: int
    unit: Unit


LOOK: Final = Limit(24, Unit.HOURS)
URGENT_HOURS: Final = 48
PAUSE_DAYS: Final = 30
HARD_LIMIT_FEN: Final = 10_000_000
YUAN: Final = ("元", "yuan")
"""Foothold's own choices, where a county's own file, written before there were such limits, names
none."""


class Need(StrEnum):
    """What must hold before a step is taken."""

    CONSENT = "consent"
    GROUP = "group"
    NOTICE_OVER = "notice_over"
    NOTHING_UNMET = "nothing_unmet"
    REASON = "reason"
    NOTE = "note"
    MEMBERS_CLEAR = "members_clear"
    """Nobody of the household is in doubt. Every step that decides needs it, whatever its workflow
    says."""


class Announcement(StrEnum):
    """What a step tells risk."""

    CONSENT_GIVEN = "consent_given"
    CONSENT_REFUSED = "consent_refused"
    IDENTIFIED = "identified"
    ELIMINATED = "eliminated"
    NOT_MARKED = "not_marked"
    DISMISSED = "dismissed"


DECIDING: Final = frozenset(
    {
        Announcement.IDENTIFIED,
        Announcement.ELIMINATED,
        Announcement.NOT_MARKED,
        Announcement.DISMISSED,
    }
)
"""What decides on a household."""


@dataclass(frozen=True, slots=True)
class Step:
    """One button. `to` None: the case stays where it is."""

    name: str
    zh: str
    en: str
    sources: frozenset[Stage]
    to: Stage | None
    roles: frozenset[Role]
    needs: tuple[Need, ...] = ()
    says: Announcement | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the work, each with its reference in the file.

    `township_fen`: what a township may decide alone.

    `pause_days`: so many calendar days a pause lasts at most.
    `currency`: what all amounts are in, Chinese and English. `hard_limit_fen`: never exceeded;
    `ceiling_fen` and `scale`: the county's own, where it has them; an amount above the scale of its
    kind needs a reason.
    `look`: within which somebody sees how a household in danger is. `urgent_hours`: a case is
    urgent while a duty of it ends within so many hours.
    """

    settle: Limit
    notice: Limit
    first_measure: Limit
    measure: Limit
    emergency: Limit
    papers: Limit
    visits_a_month: int
    township_fen: int
    look: Limit = LOOK
    urgent_hours: int = URGENT_HOURS
    pause_days: int = PAUSE_DAYS
    currency: tuple[str, str] = YUAN
    hard_limit_fen: int = HARD_LIMIT_FEN
    ceiling_fen: int | None = None
    scale: Mapping[ReliefKind, int] = field(default_factory=dict)

    def relief(self, kind: ReliefKind) -> Limit:
        """Return the limit within which relief of this kind should be paid.

        Emergency relief is by the hour, spending relief with the case.
        """
        return self.emergency if kind is ReliefKind.EMERGENCY else self.settle


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is told so many hours after a deadline has passed."""

    after_hours: int
    to: Role


@dataclass(frozen=True, slots=True)
class Workflow:
    """One version of it.

    A case keeps the version it began with. `pauses`: reason → Chinese and English.

    `reminders`: kind of deadline → so many hours before it somebody is reminded.
    """

    version: int
    steps: tuple[Step, ...]
    limits: Limits
    escalation: tuple[Rung, ...]
    pauses: Mapping[str, tuple[str, str]]
    reminders: Mapping[str, int]

    def step(self, name: str) -> Step | None:
        """The step of this name."""
        return next((s for s in self.steps if s.name == name), None)

    def at(self, stage: Stage) -> tuple[Step, ...]:
        """The steps that may be taken from a stage, by somebody."""
        return tuple(s for s in self.steps if stage in s.sources)


@dataclass(frozen=True, slots=True)
class Workflows:
    """Every version that ships; new cases begin with the newest."""

    versions: Mapping[int, Workflow]

    @property
    def newest(self) -> Workflow:
        """What a new case goes by."""
        return self.versions[max(self.versions)]

    def of(self, version: int) -> Workflow:
        """The version a case began with.

        Raise LookupError when a release has dropped it, which it must not.
        """
        try:
            return self.versions[version]
        except KeyError:
            raise LookupError(f"workflow version {version} is gone, and cases run by it") from None
