"""A caseworker doubts a fact.

The question goes back to the agency that sent it, and what becomes of it comes back to the desk.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from foothold_schemas.values import Day, EventId, Hex128, Message, Moment, Name

MAX_NOTE: Final = 300
_MANY_DIGITS: Final = re.compile(r"[0-9]{8}")


def is_plain(note: str) -> bool:
    """Whether a note holds no number of a person, an account or a telephone.

    Such a number is eight digits in a row, in whatever width and spacing.
    """
    return _MANY_DIGITS.search("".join(unicodedata.normalize("NFKC", note).split())) is None


def _plain(note: str) -> str:
    if not is_plain(note):
        raise ValueError("a note holds no numbers of people, accounts or telephones")
    return note


DisputeNote = Annotated[
    str,
    Field(max_length=MAX_NOTE),
    AfterValidator(_plain),
    Field(description="Words of a person; no name, number or address."),
]


class Doubt(StrEnum):
    """What a caseworker found to be wrong with a fact."""

    OTHER_HOUSEHOLD = "other_household"
    NEVER_HAPPENED = "never_happened"
    OTHER_AMOUNT = "other_amount"
    OTHER_DAY = "other_day"
    TWICE = "twice"
    OTHER = "other"


class FactDisputed(Message):
    """A fact is doubted at the desk.

    It counts until its sender corrects it or takes it back: nobody's income changes because
    somebody doubts it.
    """

    kind: Literal["FactDisputed"] = "FactDisputed"
    disputed: Hex128 = Field(description="The fact's id.")
    fact_kind: Name = Field(description="What the fact is, such as `IncomeReported`.")
    fact_day: Day = Field(description="The day it speaks of, which narrows the search for it.")
    doubt: Doubt
    note: DisputeNote = ""


class DisputeState(StrEnum):
    """What became of the question."""

    ASKED = "asked"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    NO_SENDER = "no_sender"


class DisputeNews(Message):
    """One line of `fact-disputes.v1`.

    Told again it is the same: a later state replaces an earlier one.
    """

    dispute_id: EventId = Field(description="The id under which the desk asked.")
    household_id: Hex128
    disputed: Hex128
    state: DisputeState
    agency: Name | None = Field(
        default=None,
        description="Whom the question went to; empty where the fact was found nowhere.",
    )
    note: DisputeNote = Field(default="", description="What the agency says.")
    at: Moment
