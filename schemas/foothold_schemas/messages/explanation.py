"""What a number rests on.

It has the policy value it was measured against, the facts, how it adds up, and what it may come to.
"""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from foothold_schemas.values import Day, Hex128, Message, Month, Sentence, Total


class PolicyValue(Message):
    """A policy value something was measured against, where it comes from and how sure it is."""

    name: str
    value: str
    since: Day
    reference: str
    confidence: str
    illustrative: bool
    region: str | None = Field(
        default=None,
        description=(
            "The region whose file gives the value; a county inherits what it does not set."
        ),
    )
    formula: str | None = Field(
        default=None,
        description="How the value follows from others, such as `2 x 815.00 x 12 = 19560.00`.",
    )


class Evidence(Message):
    """One fact something rests on."""

    fact_id: Hex128
    kind: str
    day: Day
    amount: Total | None = None
    text: Sentence
    event: str | None = Field(
        default=None,
        description=(
            "Which disaster, as `saw` names it. Empty: written before this was said, or no"
            " disaster."
        ),
    )


class Outlay(Message):
    """What a household bore itself on one day, by the statements that count now.

    It is own shares by kind, or what a verified disaster cost it.
    """

    day: Day
    kind: Literal["medical", "education", "rehabilitation", "accident", "disaster"]
    amount: Total | None = Field(default=None, description="Empty: the loss is not known.")
    event: str | None = Field(
        default=None,
        description=(
            "Which disaster, as `saw` names it. Empty: written before this was said, or no"
            " disaster."
        ),
    )


class TracePart(Message):
    """One term of a sum as it is added, and the facts in it.

    So it has a minus where it is taken away.
    """

    name: str
    value: str
    facts: tuple[Hex128, ...] = ()


class TraceLine(Message):
    """One figure and how it comes about.

    The parts, where there are any, add up to the value; an empty value is unknown.
    """

    title: Sentence
    value: str | None = None
    formula: Sentence
    parts: tuple[TracePart, ...] = ()
    policy: PolicyValue | None = None


class DoubtKind(StrEnum):
    """What to ask the senders of two facts."""

    REPEATED = "repeated"
    """Counted once, or the later for the earlier: a repeat, or both real?"""
    ONE_STAY = "one_stay"
    """Two senders bill one stay with one total: counted once."""
    TWO_TOTALS = "two_totals"
    """Two senders bill one stay with different totals: both count."""
    LAPSED = "lapsed"
    """A yearly income of which nothing has come for so long that its months are unknown: does it go
    on?"""


class StatementDoubt(Message):
    """Two facts whose senders should be asked.

    The answer is a fact: one sent again with a `statement_number`, or one retracted.

    Of `lapsed` it is one fact, named twice: the source's last yearly statement. It is sent again
    with its last month, or another follows.
    """

    kind: DoubtKind
    counted: Hex128 = Field(description="The fact that counts.")
    other: Hex128 = Field(description="The one that does not; of `two_totals` both count.")
    since: Month | None = Field(
        default=None, description="Of `lapsed`: the first month that is unknown."
    )


class HintKind(StrEnum):
    """What people should know beside the findings. A hint decides nothing."""

    CITY_SUPPLEMENT_UNCLAIMED = "city_supplement_unclaimed"
    COVER_UNCLAIMED = "cover_unclaimed"
    OWN_SHARE_ABOVE_TARGET = "own_share_above_target"
    NEGATIVE_LIST = "negative_list"
    ONE_BUDGET = "one_budget"
    GRADE_DIFFERS = "grade_differs"


class Hint(Message):
    """Help nobody has asked for yet, or something to verify.

    It comes with its amount where there is one, its policy value and its facts.
    """

    kind: HintKind
    amount: Total | None = None
    text: Sentence
    policy: PolicyValue | None = None
    facts: tuple[Evidence, ...] = Field(default=(), description="At most 20, the weightiest first.")


class ForecastCause(StrEnum):
    """Why the income of a coming window is lower than today's."""

    WAGE_STOPPED = "wage_stopped"
    SUPPORT_ENDS = "support_ends"
    EARNER_LEAVES = "earner_leaves"
    SEASON = "season"
    TREATMENT = "treatment"


class CauseOfFall(Message):
    """One cause and by how much it lowers the figure."""

    cause: ForecastCause
    amount: Total
    text: Sentence


class Forecast(Message):
    """What the figures will be at the end of a coming month if all goes on as it is.

    Plain arithmetic: `known + expected = net`.
    """

    day: Day = Field(description="The last day of the month it is for.")
    months_ahead: int
    known: Total = Field(description="Net income of the coming window's months that are over.")
    expected: Total = Field(description="Net income of the running month and the months to come.")
    net: Total
    treatment: Total = Field(
        description="Own shares of treatment that recurs every month, still to come."
    )
    reference: Total
    head_months: int
    net_per_head: Total | None = None
    reference_per_head: Total | None = None
    is_below: bool = Field(
        description=(
            "Net income per head lies below the open day's line, or the reference does because of"
            " treatment to come."
        )
    )
    causes: tuple[CauseOfFall, ...] = Field(description="The weightiest first.")
