"""What risk says: how a household moved, why, with every number; and that a day is done."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from foothold_schemas.facts.decisions import Decision
from foothold_schemas.facts.feeds import StaleFeed
from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.explanation import (
    Evidence,
    Forecast,
    Hint,
    Outlay,
    PolicyValue,
    TraceLine,
)
from foothold_schemas.values import (
    AreaCode,
    Day,
    Group,
    Hex128,
    Message,
    Moment,
    Month,
    Name,
    RegisterNumber,
    Sentence,
    Sha256,
    Standing,
    Total,
    VillageCode,
    Window,
)


class Movement(StrEnum):
    """How a household moved. Every one of them carries its reason."""

    WATCHED = "watched"
    UNWATCHED = "unwatched"
    ENTERED = "entered"
    MOVED = "moved"
    WORSENED = "worsened"
    EASED = "eased"
    RECOVERING = "recovering"
    RELAPSED = "relapsed"
    EXIT_DUE = "exit_due"
    NOT_MARKED = "not_marked"
    EXITED = "exited"
    ROLLED_BACK = "rolled_back"
    REFLAGGED = "reflagged"
    GRADE_FELL = "grade_fell"
    WOULD_HAVE = "would_have"
    REFUSED = "refused"
    RESTORED = "restored"


class Status(StrEnum):
    """Where a household stands after a transition."""

    CLEAR = "clear"
    WATCH = "watch"
    GROUP = "group"
    RECOVERING = "recovering"


class ExitReason(StrEnum):
    """Why a household left its group."""

    CLEARED = "cleared"
    ELIMINATED = "eliminated"
    DISMISSED = "dismissed"
    NATURAL = "natural"
    CORRECTED = "corrected"
    EXEMPTED = "exempted"


class Finding(Message):
    """What one rule saw.

    It has the value, threshold, unit, window, facts, policy value and a sentence in both languages.
    """

    rule: FindingKind
    is_risk: bool
    is_shock: bool
    value: str
    threshold: str
    unit: str
    window: Window | None = None
    policy: PolicyValue
    reason: Sentence
    facts: tuple[Evidence, ...] = Field(
        description="At most 20, the weightiest first; `facts_total` counts all."
    )
    facts_total: int
    project: Name | None = Field(
        default=None,
        description="The project that pays too little, where the finding is about one.",
    )
    quiet_until: Day | None = Field(
        default=None, description="People found it harmless; until this day it leads nowhere."
    )


class Figures(Message):
    """The numbers of a household as of the open day; empty means unknown, never zero."""

    line: Total | None = None
    net: Total | None = None
    net_per_head: Total | None = None
    reference: Total | None = None
    reference_per_head: Total | None = None
    claims_income: Total
    own_shares: Total
    head_months: int = Field(description="Sum of the income window's twelve month-end head counts.")
    income_window: Window
    spending_window: Window
    unheard_months: tuple[Month, ...]
    is_withheld: bool = Field(
        default=False, description="Nothing was computed: the household refused its authorisation."
    )


class HouseholdSummary(Message):
    """What a caseworker needs in order to know which household this is, without a name."""

    register_number: RegisterNumber
    area: VillageCode
    standing: Standing
    members: int
    residence: AreaCode | None = Field(
        default=None,
        description="Where it lives, if the register names another place than its village.",
    )


class PolicyStamp(Message):
    """Which policy bundle and which rules decided."""

    bundle: Sha256
    title: Sentence
    currency: Sentence
    illustrative: bool
    rules_version: str


class Transition(Message):
    """A household moved. A signal, never an identification: people decide that."""

    kind: Literal["Transition"] = "Transition"
    transition_id: str = Field(pattern=r"^[0-9a-f]{32}:[1-9][0-9]*$")
    household_id: Hex128
    number: int = Field(ge=1, description="1, 2, 3 … for each household, without holes.")
    movement: Movement
    open_day: Day = Field(description="The day the decision is as of.")
    learned_at: Moment = Field(description="When the fact that caused it was recorded.")
    caused_by: Hex128
    household: HouseholdSummary
    episode: int = Field(ge=1, description="A case belongs to a household and an episode.")
    spell: int = Field(
        ge=0,
        description=(
            "How many times the household has been in a group, this time included; 0: never yet."
        ),
    )
    previous_spell: int | None = None
    status: Status
    group: Group | None = None
    previous_group: Group | None = None
    is_lead: bool = Field(description="People should look: a case exists while this holds.")
    is_urgent: bool
    is_episode_over: bool
    exit_reason: ExitReason | None = Field(
        default=None,
        description=(
            "Why a group or lead ended; `corrected` of a case that goes on: a correction took a"
            " part of what it rests on, and relief for that is due no longer."
        ),
    )
    clear_since: Day | None = None
    earliest_exit: Day | None = None
    times_wavered: int = 0
    is_identified: bool = Field(
        default=False,
        description=(
            "People have identified the household (监测对象); until then it is a signal or a lead."
        ),
    )
    is_quiet: bool = Field(
        default=False,
        description=(
            "Follows from what was loaded before go-live: a case, but nobody is notified of it."
        ),
    )
    findings: tuple[Finding, ...]
    added: tuple[FindingKind, ...] = ()
    gone: tuple[FindingKind, ...] = ()
    figures: Figures
    reason: Sentence
    policy: PolicyStamp
    trace: tuple[TraceLine, ...] = ()
    hints: tuple[Hint, ...] = ()
    forecast: tuple[Forecast, ...] = ()
    stale: tuple[StaleFeed, ...] = ()
    looks_back_to: Day | None = Field(
        default=None,
        description=(
            "`would_have`: the day of the decision that facts known only now would have changed;"
            " figures and findings are of that day."
        ),
    )
    outlays: tuple[Outlay, ...] | None = Field(
        default=None,
        description=(
            "What the household bore itself, by day and kind, of the last two years: all that"
            " counts now. Empty: not said."
        ),
    )
    refused: Decision | None = Field(
        default=None,
        description=(
            "`refused`: what people decided and risk did not carry out, because it does not hold."
        ),
    )
    decided: Decision | None = Field(
        default=None, description="What people decided, where this transition carries it out."
    )
    saw: tuple[Saw, ...] = Field(
        default=(),
        description=(
            "The findings as a word of people about them gives them back; those found harmless left"
            " out."
        ),
    )
    is_told: bool | None = Field(
        default=None,
        description=(
            "Whether people are to be told: not of the same ground again within `wavering.days`."
            " Empty: written before this was said."
        ),
    )
    is_wavering: bool = Field(
        default=False,
        description=(
            "It goes and returns on the same ground (反复); the case stays open until it was quiet."
        ),
    )
    changed_by_rules: str | None = Field(
        default=None,
        description=(
            "It follows from other rules alone, and from nothing that happened: the version of the"
            " rules before."
        ),
    )
    handed_over_to: AreaCode | None = Field(
        default=None, description="The household's new area, which no county of the policy serves."
    )


class DayDone(Message):
    """One partition of risk has worked a day through.

    Nothing more is decided as of the days before.
    """

    kind: Literal["DayDone"] = "DayDone"
    partition: int = Field(ge=0)
    day: Day
    learned_at: Moment
    registered: dict[Name, int] = Field(description="Registered households by village.")
    stale: dict[Name, tuple[StaleFeed, ...]] = Field(
        default={}, description="Feeds silent for too long, by county; what rests on them is held."
    )


class Judgement(Message):
    """Risk stopped judging a household because judging it raised, or judges it again.

    While it is not judged, all that is shown of it is as old as `since`, and facts that come for it
    wait.
    """

    kind: Literal["Judgement"] = "Judgement"
    household_id: Hex128
    is_judged: bool
    since: Moment = Field(description="Since when this holds.")
    register_number: RegisterNumber | None = Field(
        default=None, description="Empty: not registered yet."
    )
    area: VillageCode | None = Field(default=None, description="Empty: not registered yet.")


RiskOutput = Annotated[Transition | DayDone | Judgement, Field(discriminator="kind")]
