"""A household in trouble, reported by people.

It is reported by itself, a cadre who visits, the hotline, or the one-key call (线索上报).
"""

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from foothold_schemas.facts.fact import FactBody
from foothold_schemas.values import Day, Name


class ReportRoute(StrEnum):
    """Who told: the third route of discovery beside departments' facts and checks."""

    SELF = "self"
    CADRE = "cadre"
    HOTLINE = "hotline"
    ONE_KEY = "one_key"


class Concern(StrEnum):
    """What the trouble is about.

    A closed list: what people say in their own words may name somebody, and stays with who heard
    it.
    """

    ILLNESS = "illness"
    DISABILITY = "disability"
    SCHOOLING = "schooling"
    DISASTER = "disaster"
    ACCIDENT = "accident"
    INCOME = "income"
    WORK = "work"
    HOUSING = "housing"
    WATER = "water"
    OTHER = "other"


class RiskReported(FactBody):
    """Somebody reported that a household may be in trouble.

    Always a lead, never more: people look, then decide.
    """

    day_field: ClassVar[str | None] = "reported_on"

    kind: Literal["RiskReported"] = "RiskReported"
    route: ReportRoute
    concern: Concern
    reported_on: Day
    person_ref: Name | None = Field(default=None, description="The member it is about.")
