"""What somebody saw of a finding.

It has what happened, how far the value lay beyond its threshold, and whether income was below the
line.
"""

from typing import Annotated, Final

from pydantic import Field

from foothold_schemas.findings import FindingKind
from foothold_schemas.values import COUNT_MAX, Day, Message, Total

MOST_EVENTS: Final = 100
"""Named of one finding, the newest first; `events_total` counts all. A household of the pilot
counties has one or two (I)."""


class SeenEvent(Message):
    """One thing that happened, by its name, and how bad it was when it was seen."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 /._:-]{0,199}$",
        description="Such as `fire 2026-06-09`, `housing`, `review 2026-06-01`.",
    )
    states: Annotated[tuple[Annotated[int, Field(ge=0, le=100)], ...], Field(max_length=4)] = Field(
        default=(),
        description=(
            "How grave, each part by itself: of a disaster the home and the main worker, of a"
            " review the grade."
        ),
    )
    amount: Total | None = Field(default=None, description="What was lost, or is owed.")
    last: Day | None = Field(default=None, description="The last day on which somebody said so.")


class Saw(Message):
    """One finding as it was shown. A sum or a ratio has no events: there the value speaks."""

    finding: FindingKind
    value: Total | None = Field(default=None, description="Where it is money.")
    beyond: Total | None = Field(
        default=None, description="How far the value lay beyond its threshold."
    )
    events: Annotated[tuple[SeenEvent, ...], Field(max_length=MOST_EVENTS)] = ()
    events_total: int = Field(default=0, ge=0, le=COUNT_MAX)
    is_below: bool = Field(default=False, description="Net income per head was below the line.")
    newest_on: Day | None = Field(
        default=None, description="The day of the newest bill or cost in it."
    )
