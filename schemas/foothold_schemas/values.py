"""The small values every message is made of.

They refuse what strict JSON and pydantic would still let through; they convert nothing silently.
"""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, NewType, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

HouseholdId = NewType("HouseholdId", str)
"""32 hex digits: a keyed hash of authority and register number. The only identifier that may be
logged."""

FactId = NewType("FactId", str)
"""32 hex digits: the hash of a CloudEvent's source and id."""

EventId = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
"""A sender's own id of an event: printable ASCII without spaces."""

AMOUNT_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$"
_AMOUNT = re.compile(AMOUNT_PATTERN.strip("^$"))
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200
"""Nobody lives outside these years, and everybody may calculate inside them: a day more or another
zone is still a day (PostgreSQL, Python and Kafka agree)."""
_FIRST: Final = str(FIRST_YEAR)
_LAST: Final = str(LAST_YEAR)
_OUTSIDE: Final = f"the year lies outside {FIRST_YEAR}-{LAST_YEAR}"
COUNT_MAX: Final = 1_000_000
"""The largest count anybody sends: of episodes, of months, of days."""
KEY_MAX: Final = 2**63 - 1
"""The largest key a table gives out (PostgreSQL's bigint)."""


class Fen(int):
    """Exact money: an int of fen inside, a decimal string such as "1234.50" at every edge.

    A JSON number is refused, not rounded.
    """

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "-12", "12.5" or "12.50"; raise ValueError for anything else."""
        if not _AMOUNT.fullmatch(text):
            raise ValueError(
                'an amount is a decimal string with at most two places, such as "1234.50"'
            )
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
        raise ValueError(
            'an amount is written as a string, such as "1234.50", so that no digit is lost'
        )

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate strings and Fen only; serialise to the decimal string."""
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the edge, where an amount is text."""
        return {
            "type": "string",
            "pattern": AMOUNT_PATTERN,
            "description": "An exact amount: a decimal string, at most two places.",
        }


_TOTAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,2})?")


def _from_total(value: object) -> object:
    """A text that may have more digits than a single amount."""
    if not isinstance(value, str) or not _TOTAL.fullmatch(value):
        return value
    units, _, cents = value.lstrip("-").partition(".")
    fen = int(units) * 100 + int(cents.ljust(2, "0") or 0)
    return Fen(-fen if value.startswith("-") else fen)


Total = Annotated[Fen, BeforeValidator(_from_total)]
"""What adds up from amounts. The contract promises as many digits as an amount has, and every
plausible sum keeps it; a reader takes more.

Absurd amounts that have entered add up to more, and must not cost the household its page or its
case."""


def _only_day(value: object) -> object:
    """Refuse what is no plain day, before anything is calculated with it.

    A string's year is compared as text: that costs next to nothing.
    """
    if isinstance(value, str) and _DAY.fullmatch(value):
        if not _FIRST <= value[:4] <= _LAST:
            raise ValueError(_OUTSIDE)
    elif isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError('a day is written as "YYYY-MM-DD", without a time')
    elif not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(_OUTSIDE)
    return value


def _only_moment(value: object) -> object:
    """Refuse what is no RFC 3339 moment.

    The year is the one it is written with: an offset moves it by a day at most, which can still be
    calculated.
    """
    if isinstance(value, str):
        if not _MOMENT.fullmatch(value):
            raise ValueError('a moment is written as "YYYY-MM-DDThh:mm:ss+08:00" (RFC 3339)')
        if not _FIRST <= value[:4] <= _LAST:
            raise ValueError(_OUTSIDE)
    elif not isinstance(value, datetime):
        raise ValueError('a moment is written as "YYYY-MM-DDThh:mm:ss+08:00" (RFC 3339)')  # noqa: TRY004 - pydantic turns ValueError, not TypeError, into an answer
    elif not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(_OUTSIDE)
    return value


def _only_month(value: str) -> str:
    if not _MONTH.fullmatch(value):
        raise ValueError('a month is written as "YYYY-MM"')
    if not _FIRST <= value[:4] <= _LAST:
        raise ValueError(_OUTSIDE)
    return value


def is_within_years(moment: datetime) -> bool:
    """Whether everybody here may calculate with the moment."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


Day = Annotated[
    date,
    BeforeValidator(_only_day),
    Field(
        json_schema_extra={
            "formatMinimum": f"{FIRST_YEAR}-01-01",
            "formatMaximum": f"{LAST_YEAR}-12-31",
        }
    ),
]
"""A calendar day in Asia/Shanghai; never midnight of some zone. From the years in which people
live: nobody's arithmetic ends at such a day."""

Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_only_moment),
    Field(
        json_schema_extra={
            "formatMinimum": f"{FIRST_YEAR}-01-01T00:00:00Z",
            "formatMaximum": f"{LAST_YEAR}-12-31T23:59:59Z",
        }
    ),
]
"""An instant with its offset; numbers, numbers in strings and instants without an offset are
refused. Bounded as a day is."""

MONTH_PATTERN: Final = r"^(19[0-9]{2}|2[01][0-9]{2}|2200)-(0[1-9]|1[0-2])$"
Month = Annotated[
    str,
    AfterValidator(_only_month),
    Field(examples=["2026-03"], json_schema_extra={"pattern": MONTH_PATTERN}),
]
"""A calendar month, bounded as a day is."""

AreaCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$",
        description="County (6), township (9) or village (12 digits).",
    ),
]
VillageCode = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
CountyCode = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$",
        description="A short identifier without spaces.",
    ),
]
ITEM_PATTERN: Final = (
    r"^[A-Za-z0-9\u4e00-\u9fff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"
    r"[A-Za-z0-9\u4e00-\u9fff\uff01-\uff5e ._:()/,&+"
    r"\u00b7\u2014\u2026\u3001\u300a\u300b\u3014\u3015-]{0,63}$"
)
ItemName = Annotated[str, Field(pattern=ITEM_PATTERN)]
"""What a sender calls an income: a short name, in Chinese too, in full width too, with spaces and
the punctuation of lists: 务工收入（外出）, 种植、养殖. Readers fold it."""
RegisterNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,32}$")]
Hex128 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Message(BaseModel):
    """Base of every model here: immutable, and tolerant of fields it does not know.

    The public door forbids those when it validates.
    """

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
