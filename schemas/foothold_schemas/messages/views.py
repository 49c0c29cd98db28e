"""What risk shows of a household as it stands now.

With it a page need not ask risk: it has figures, months, and what keeps the household where it is.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from foothold_schemas.facts.decisions import HarmlessReason
from foothold_schemas.facts.facts import Hazard, Severity
from foothold_schemas.facts.feeds import StaleFeed
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.explanation import (
    Forecast,
    Hint,
    Outlay,
    PolicyValue,
    StatementDoubt,
    TraceLine,
)
from foothold_schemas.messages.transitions import Figures, Finding, HouseholdSummary, Status
from foothold_schemas.values import (
    AreaCode,
    Day,
    Group,
    Hex128,
    Message,
    Month,
    Name,
    Sentence,
    Total,
)


class MonthFigures(Message):
    """The figures of one calendar month.

    They are net income (empty: not reported, unknown) and what the household paid itself.
    """

    month: Month
    net: Total | None = None
    own_shares: Total
    is_running: bool = Field(
        default=False, description="The month of the open day: what was reported so far."
    )
    is_carried: bool = Field(
        default=False, description="A yearly income in it is carried from the year before (沿用)."
    )


class UnmetKind(StrEnum):
    """Why a household does not leave yet."""

    FINDING_HOLDS = "finding_holds"
    INCOME_UNHEARD = "income_unheard"
    CLEAR_PERIOD = "clear_period"
    IDENTIFIED_PERIOD = "identified_period"
    MEASURE_MISSING = "measure_missing"
    GUARANTEE_NOT_MET = "guarantee_not_met"
    GUARANTEE_UNKNOWN = "guarantee_unknown"
    NOBODY_CAN_WORK = "nobody_can_work"
    MEMBER_DISPUTED = "member_disputed"
    DOES_NOT_FIT = "does_not_fit"
    NEWS = "news"


class Unmet(Message):
    """A condition of leaving that is not met.

    It says which, until when if that is known, and has a sentence with its numbers.
    """

    kind: UnmetKind
    finding: FindingKind | None = None
    until: Day | None = None
    text: Sentence


class Quiet(Message):
    """A finding people checked and found harmless.

    It says why, who (an account), since when, and how long it stays quiet.
    """

    finding: FindingKind
    reason: HarmlessReason
    by: Name
    since: Day
    until: Day
    is_dismissal: bool = Field(
        default=False,
        description=(
            "It came with the whole case's dismissal; `reason` and `by` then stand in the case."
        ),
    )


class Impact(Message):
    """An incident that may have hit the household: people look. It flags nobody."""

    incident: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}/[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$",
        description="Its agency and the agency's number of it.",
    )
    area: AreaCode
    hazard: Hazard
    severity: Severity
    since: Day
    text: Sentence
    policy: PolicyValue | None = Field(
        default=None,
        description=(
            "Whom such an incident may hit; empty where nobody has said it, so everybody there."
        ),
    )


class HouseholdView(Message):
    """A watched, flagged or recovering household, or one an incident may have hit, as of a day.

    An empty record under its key: it is none of these any more.
    """

    household_id: Hex128
    as_of: Day
    household: HouseholdSummary
    status: Status
    group: Group | None = None
    is_urgent: bool
    episode: int = Field(ge=0)
    figures: Figures
    months: Annotated[tuple[MonthFigures, ...], Field(min_length=13, max_length=13)] = Field(
        description="The income window's twelve, then the running one."
    )
    unmet: tuple[Unmet, ...]
    is_identified: bool = False
    trace: tuple[TraceLine, ...] = ()
    hints: tuple[Hint, ...] = ()
    forecast: tuple[Forecast, ...] = ()
    stale: tuple[StaleFeed, ...] = ()
    quiet: tuple[Quiet, ...] = ()
    impacts: tuple[Impact, ...] = ()
    saw: tuple[Saw, ...] = Field(
        default=(), description="The findings as they are now, for a word of people about them."
    )
    is_wavering: bool = Field(
        default=False, description="It goes and returns on the same ground (反复)."
    )
    findings: tuple[Finding, ...] = Field(
        default=(),
        description="What holds as of the day, with the facts; the figures are of the same moment.",
    )
    reason: Sentence | None = Field(
        default=None, description="The findings in a sentence, with the figures of this moment."
    )
    number: int = Field(
        default=0,
        ge=0,
        description=(
            "The household's last transition when this was written; 0: it had none, or the writer"
            " did not say."
        ),
    )
    outlays: tuple[Outlay, ...] | None = Field(
        default=None,
        description=(
            "What the household bore itself, by day and kind, of the last two years: all that"
            " counts now. Empty: not said."
        ),
    )
    doubts: tuple[StatementDoubt, ...] = Field(
        default=(), description="Pairs of facts whose senders should be asked, at most 50."
    )
    unknown_items: tuple[str, ...] = Field(
        default=(), description="Income items that policy does not name: they count."
    )
