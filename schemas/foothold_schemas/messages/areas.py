"""Messages about whole areas.

These are what risk signals for the windows over villages, townships and counties, and the warnings
that come of them.

A region warning is a signal to people, never an activation of anything, and it never delays a
household's own path.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.explanation import PolicyValue
from foothold_schemas.values import Day, Hex128, Message, Moment, Sentence, Sha256, VillageCode

WINDOWS: Final = (7, 30, 90)
"""The rolling windows in days, the day itself included."""

ClusterCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{6}-[a-z0-9][a-z0-9-]{0,31}$",
        description="A cluster of villages (联村): its county and a name.",
    ),
]
WindowDays = Literal[7, 30, 90]


class Signalled(StrEnum):
    """What counts for the windows.

    It is a new signal, people's identification, or the message that a signal was none.
    """

    RAISED = "raised"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class AreaSignal(Message):
    """One household came under risks, was identified, or its signals were taken back.

    They are taken back when corrected, harmless or dismissed.
    """

    kind: Literal["AreaSignal"] = "AreaSignal"
    source: int = Field(ge=0, description="The partition of risk that says it.")
    household_id: Hex128
    sequence: int = Field(
        ge=1, description="Rises with everything said of the household, so a record counts once."
    )
    village: VillageCode
    day: Day = Field(
        description=(
            "The open day it was decided as of; the next for a household registered on that very"
            " day: its area has it from then on."
        )
    )
    what: Signalled
    causes: tuple[FindingKind, ...] = Field(
        description="The findings behind it; none: taken back for every cause."
    )


class AreaDay(Message):
    """A partition of risk has opened a day: from it, nothing more comes of the days before."""

    kind: Literal["AreaDay"] = "AreaDay"
    source: int = Field(ge=0)
    day: Day
    learned_at: Moment
    bundle: Sha256 | None = Field(default=None, description="The policy bundle in force.")
    registered: dict[VillageCode, int] = Field(
        description="Registered households by village, of the counties in this partition."
    )


AreaRecord = Annotated[AreaSignal | AreaDay, Field(discriminator="kind")]


class AreaLevel(StrEnum):
    """How large the area is."""

    VILLAGE = "village"
    CLUSTER = "cluster"
    TOWNSHIP = "township"
    COUNTY = "county"


class WarningLevel(StrEnum):
    """How grave: I is the gravest."""

    I = "I"  # noqa: E741 - the levels' official names
    II = "II"
    III = "III"
    IV = "IV"


class Direction(StrEnum):
    """Whether the level rose or fell; `same`: it stands, and its count is another."""

    UP = "up"
    DOWN = "down"
    SAME = "same"


AnyCause = Literal["any"]
ANY: Final[AnyCause] = "any"
"""All causes together: a household counts once."""


class RegionWarning(Message):
    """The level of an area changed, for one cause and one window, or stands with another count.

    A level's change follows from what its id names.
    """

    kind: Literal["RegionWarning"] = "RegionWarning"
    warning_id: str = Field(
        pattern=r"^[0-9a-z-]{6,40}:[a-z_]+:[0-9]+:[0-9]{4}-[0-9]{2}-[0-9]{2}:(up|down|same):(I|II|III|IV|none)$",
        examples=["370323104:disaster_loss:30:2026-07-14:up:III"],
        description="`area:cause:window:day:direction:level`",
    )
    area: str = Field(
        pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?|-[a-z0-9][a-z0-9-]{0,31})?$",
        description="County, township, village, or cluster of villages.",
    )
    area_level: AreaLevel
    county: str = Field(pattern=r"^[0-9]{6}$")
    title: Sentence | None = Field(
        default=None, description="The cluster's name; empty for what has a region code."
    )
    cause: FindingKind | AnyCause
    window: WindowDays
    day: Day
    direction: Direction
    level: WarningLevel | None = Field(
        default=None, description="The level from now on; empty: none."
    )
    previous_level: WarningLevel | None = None
    households: int = Field(
        ge=0,
        description="Households with a new signal or an identification in the window, each once.",
    )
    identified: int = Field(ge=0, description="Those of them whom people identified in the window.")
    registered: int = Field(
        ge=0, description="Households registered in the area at the day's opening."
    )
    share: str = Field(
        pattern=r"^[0-9]+\.[0-9]{4}$",
        description="`households / registered`, to four places, cut off.",
    )
    week_ago: int = Field(
        ge=0, description="The same count at the opening of the day a week earlier."
    )
    is_priority: bool = Field(
        default=False, description="A key town or village of the policy's list."
    )
    household_ids: tuple[Hex128, ...] = Field(
        description=(
            "At most 10,000, the latest first; `households` counts all. None where the direction is"
            " `same`."
        )
    )
    reason: Sentence
    policy: PolicyValue
    bundle: Sha256
    position: int | None = Field(
        default=None,
        ge=0,
        description=(
            "The offset in `area-signals.v1` it follows from: of one area, cause and window the"
            " highest says how it stands now."
        ),
    )
