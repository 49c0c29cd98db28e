"""Feeds: what an agency sends of one kind.

One that has been silent for longer than its rhythm is stale, and nothing clears by its silence.
"""

from typing import Annotated, Literal

from pydantic import Field

from foothold_schemas.values import AreaCode, Day, Message, Name

FeedKind = Literal[
    "HouseholdRegistered",
    "IncomeReported",
    "MedicalClaimSettled",
    "SpendingReported",
    "DisasterStruck",
    "GuaranteeChecked",
    "HouseholdGraded",
    "AssetsChecked",
]
"""Kinds of facts that agencies send regularly, or say by `FeedHeard` that there is none."""


class FeedSpoke(Message):
    """The day an agency was last heard with facts of one kind from one area."""

    agency: Name
    feed: FeedKind
    area: AreaCode
    heard_on: Day


class StaleFeed(Message):
    """A feed that has been silent for longer than the county's policy expects.

    `last_heard` empty: never.
    """

    agency: Name
    feed: FeedKind
    last_heard: Day | None = None
    rhythm_days: Annotated[int, Field(ge=1)]
