"""What somebody looked at and wrote down: spending, guarantees, a village's grade."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from foothold_schemas.facts.fact import FactBody
from foothold_schemas.values import Day, Fen, Message, Name


class SpendingCategory(StrEnum):
    """What rigid spending (刚性支出) is for. Medical bills come as claims."""

    EDUCATION = "education"
    REHABILITATION = "rehabilitation"
    ACCIDENT = "accident"
    OTHER = "other"


class SpendingReported(FactBody):
    """Money a household had to spend, and what aid or insurance took of it."""

    day_field: ClassVar[str | None] = "spent_on"

    kind: Literal["SpendingReported"] = "SpendingReported"
    category: SpendingCategory
    spent_on: Day
    total: Fen
    covered: Fen = Field(default=Fen(0), description="Aid, reductions and insurance together.")
    person_ref: Name | None = None
    statement_number: Name | None = Field(
        default=None,
        description=(
            "The sender's own number of this statement: the same one again is a new version of it."
        ),
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.total < 0 or self.covered < 0:
            raise ValueError("total and covered are not negative")
        if self.covered > self.total:
            raise ValueError("covered is more than the total")
        return self


class Guarantee(StrEnum):
    """Two no-worries, three guarantees, and water (两不愁三保障 + 饮水安全)."""

    FOOD = "food"
    CLOTHING = "clothing"
    EDUCATION = "education"
    MEDICAL_INSURANCE = "medical_insurance"
    HOUSING = "housing"
    WATER = "water"


class GuaranteeChecked(FactBody):
    """Somebody looked whether a guarantee is met."""

    day_field: ClassVar[str | None] = "checked_on"

    kind: Literal["GuaranteeChecked"] = "GuaranteeChecked"
    guarantee: Guarantee
    is_met: bool
    checked_on: Day


class Grade(StrEnum):
    """The Zichuan ladder: A strong, B average, C weak, D none."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


Score = Annotated[int, Field(ge=0, le=100, strict=True)]


class Scores(Message):
    """The five scores of a village review, each 0 to 100."""

    production: Score
    health: Score
    education: Score
    security: Score
    income: Score


class HouseholdGraded(FactBody):
    """A village review's result."""

    day_field: ClassVar[str | None] = "graded_on"

    kind: Literal["HouseholdGraded"] = "HouseholdGraded"
    grade: Grade
    scores: Scores
    graded_on: Day
    is_explained: bool = Field(
        default=False,
        description=(
            "The village gave a reason, kept there; needed when a grade moves by more than one."
        ),
    )


class Asset(StrEnum):
    """What a county's negative list may name.

    A hit asks people to verify; it never refuses help by itself.
    """

    CAR = "car"
    TOWN_HOUSE = "town_house"
    COMPANY = "company"
    PUBLIC_PAYROLL = "public_payroll"
    LARGE_MACHINERY = "large_machinery"
    DEPOSIT = "deposit"
    OTHER = "other"


class AssetSeen(Message):
    """One asset found with the household."""

    asset: Asset
    is_for_disability: bool = Field(
        default=False,
        description="Held because a member is disabled, such as an adapted car; does not count.",
    )


class AssetsChecked(FactBody):
    """Somebody looked what the household owns.

    The latest check counts; an empty list says that nothing was found.
    """

    day_field: ClassVar[str | None] = "checked_on"

    kind: Literal["AssetsChecked"] = "AssetsChecked"
    assets: tuple[AssetSeen, ...] = Field(default=(), max_length=20)
    checked_on: Day
