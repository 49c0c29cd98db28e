"""The register's entry of a household.

It says who belongs to a household, since when and until when, and what they have invested.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from foothold_schemas.facts.fact import FactBody
from foothold_schemas.values import (
    KEY_MAX,
    AreaCode,
    CountyCode,
    Day,
    Fen,
    Hex128,
    Message,
    Month,
    Name,
    RegisterNumber,
    Standing,
    VillageCode,
)


class Absence(StrEnum):
    """Why a registered member is shown but not counted."""

    CONSCRIPT = "conscript"
    PRISONER = "prisoner"
    MISSING = "missing"


class Belonging(Message):
    """An interval in which a person belongs to a household.

    It also has what the register says of the person.
    """

    birth_month: Month | None = None
    joined_on: Day | None = Field(
        default=None,
        description="First day in the household; empty: since before the register began.",
    )
    left_on: Day | None = Field(
        default=None,
        description="Last day in the household (death, marriage, move); empty: still here.",
    )
    can_work: bool | None = None
    absence: Absence | None = None
    is_registered: bool = Field(
        default=True,
        description="Stands in the household's register (户籍); false: lives with it without.",
    )
    shares_budget: bool = Field(
        default=True,
        description="Lives from the common budget; counts where policy counts those who share.",
    )
    is_insured: bool | None = Field(
        default=None, description="Has basic medical insurance; empty: not told."
    )
    at_school: bool | None = Field(default=None, description="Attends school; empty: not told.")

    @model_validator(mode="after")
    def _leaves_after_joining(self) -> Self:
        if self.joined_on and self.left_on and self.left_on < self.joined_on:
            raise ValueError("left_on lies before joined_on")
        return self


class Member(Belonging):
    """One person of a household.

    Who left and came back stands there once for each interval; the last day of one may be the first
    of the next.
    """

    person_ref: Name


class ProjectShare(Message):
    """What a household has invested in a dividend project."""

    project: Name
    invested: Fen
    invested_on: Day


class CoverHeld(Message):
    """An insurance cover somebody holds.

    It is held by a member, a project, or, where neither is named, every member.
    """

    cover: Name = Field(description="Its name in the policy, such as `city_supplement` (齐惠保).")
    person_ref: Name | None = None
    project: Name | None = None
    from_day: Day
    until_day: Day | None = Field(default=None, description="Last day of cover; empty: still held.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.person_ref is not None and self.project is not None:
            raise ValueError("a cover belongs to a member or to a project, not to both")
        if self.until_day is not None and self.until_day < self.from_day:
            raise ValueError("until_day lies before from_day")
        return self


class RegisterEntry(FactBody):
    """What the register says of a household, beside who belongs to it."""

    day_field: ClassVar[str | None] = None

    kind: Literal["HouseholdRegistered"] = "HouseholdRegistered"
    authority: CountyCode
    register_number: RegisterNumber
    area: VillageCode = Field(
        description="The responsible village, which may differ from where something happened."
    )
    standing: Standing
    projects: tuple[ProjectShare, ...] = Field(default=(), max_length=20)
    one_budget_with: RegisterNumber | None = Field(
        default=None, description="Another register entry that lives from the same budget."
    )
    residence: AreaCode | None = Field(
        default=None,
        description=(
            "Where it lives, if elsewhere than in its village: that area is shown that it is cared"
            " for; its village stays responsible."
        ),
    )


class HouseholdRegistered(RegisterEntry):
    """A full snapshot of a household in the register; the one with the latest `time` wins."""

    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=60)]
    covers: tuple[CoverHeld, ...] = Field(default=(), max_length=200)

    @model_validator(mode="after")
    def _each_member_once_at_a_time(self) -> Self:
        for earlier, later in pairwise(
            sorted(self.members, key=lambda m: (m.person_ref, m.joined_on is not None, m.joined_on))
        ):
            if earlier.person_ref == later.person_ref and (
                earlier.left_on is None
                or later.joined_on is None
                or later.joined_on < earlier.left_on
            ):
                raise ValueError("a person_ref stands twice among the members at the same time")
        return self


class TicketState(StrEnum):
    """Where the doubt whether a person belongs to two households stands."""

    OPEN = "open"
    MENDED = "mended"
    DISMISSED = "dismissed"


class MembershipDisputed(FactBody):
    """A member stands in another household's entry at the same time.

    While the ticket is open, neither household is decided on.
    """

    day_field: ClassVar[str | None] = None

    kind: Literal["MembershipDisputed"] = "MembershipDisputed"
    ticket: int = Field(
        ge=1, le=KEY_MAX, description="The ticket's number, the same for both households."
    )
    state: TicketState = Field(
        description=(
            "`mended`: the register says it clearly now. `dismissed`: somebody looked and left both"
            " entries as they are."
        )
    )
    person_ref: Name
    other_household: Hex128
