"""The small values every message is made of. They refuse what strict JSON and pydantic would still let through; they convert nothing silently."""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, NewType, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

HouseholdId = NewType("HouseholdId", str)
"""32 hex digits: a keyed hash of authority and register number. The only identifier that may be logged."""

FactId = NewType("FactId", str)
"""32 hex digits: the hash of a CloudEvent's source and id."""

EventId = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
"""A sender's own id of an event: printable ASCII without spaces."""

AMOUNT_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$"
_AMOUNT = re.compile(AMOUNT_PATTERN.strip("^$"))
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Fen(int):
    """Exact money: an int of fen inside, a decimal string such as "1234.50" at every edge. A JSON number is refused, not rounded."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "-12", "12.5" or "12.50"; raise ValueError for anything else."""
        if not _AMOUNT.fullmatch(text):
            raise ValueError('an amount is a decimal string with at most two places, such as "1234.50"')
        units, _, cents = text.lstrip("-").partition(".")
        fen = int(units) * 100 + int(cents.ljust(2, "0") or 0)
        return cls(-fen if text.startswith("-") else fen)

    def __str__(self) -> str:
        """The decimal string: always two places."""
        units, cents = divmod(abs(int(self)), 100)
        return f"{'-' if self < 0 else ''}{units}.{cents:02d}"

    __format__ = object.__format__

    @classmethod
    def _validate(cls, value: object) -> "Fen":
        if isinstance(value, Fen):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        raise ValueError('an amount is written as a string, such as "1234.50", so that no digit is lost')

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate strings and Fen only; serialise to the decimal string."""
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema())
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the edge, where an amount is text."""
        return {"type": "string", "pattern": AMOUNT_PATTERN, "description": "An exact amount: a decimal string, at most two places."}


_TOTAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,2})?")


def _from_total(value: object) -> object:
    """A text that may have more digits than a single amount."""
    if not isinstance(value, str) or not _TOTAL.fullmatch(value):
        return value
    units, _, cents = value.lstrip("-").partition(".")
    fen = int(units) * 100 + int(cents.ljust(2, "0") or 0)
    return Fen(-fen if value.startswith("-") else fen)


Total = Annotated[Fen, BeforeValidator(_from_total)]
"""What adds up from amounts. The contract promises as many digits as an amount has, and every plausible sum keeps it; a reader takes more.

Absurd amounts that have entered add up to more, and must not cost the household its page or its case.
"""


def _only_day(value: object) -> object:
    if isinstance(value, datetime) or not (isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value) and value.isascii())):
        raise ValueError('a day is written as "YYYY-MM-DD", without a time')
    return value


def _only_moment(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError('a moment is written as "YYYY-MM-DDThh:mm:ss+08:00"')  # noqa: TRY004 - pydantic turns ValueError, not TypeError, into an answer
    return value


Day = Annotated[date, BeforeValidator(_only_day)]
"""A calendar day in Asia/Shanghai; never midnight of some zone."""

Moment = Annotated[AwareDatetime, BeforeValidator(_only_moment)]
"""An instant with its offset; numbers and instants without an offset are refused."""

Month = Annotated[str, Field(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-03"])]
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", description="County (6), township (9) or village (12 digits).")]
VillageCode = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
CountyCode = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$", description="A short identifier without spaces.")]
RegisterNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,32}$")]
Hex128 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Message(BaseModel):
    """Base of every model here: immutable, and tolerant of fields it does not know. The public door forbids those when it validates."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Sentence(Message):
    """One sentence for people, in Chinese and in English."""

    zh: str
    en: str


class Window(Message):
    """The first and the last day of a stretch of time, both included."""

    first: Day
    last: Day


class Standing(StrEnum):
    """What a household was before: registered poor (脱贫户) or not (一般农户)."""

    EX_POOR = "ex_poor"
    ORDINARY = "ordinary"


class Group(StrEnum):
    """The three priority groups; a household is in at most one."""

    UNSTABLE_EX_POOR = "unstable_ex_poor"
    MARGINAL = "marginal"
    SUDDEN_HARDSHIP = "sudden_hardship"


JsonObject = dict[str, Any]
