"""What a number rests on: the policy value it was measured against, and the facts."""

from pydantic import Field

from foothold_schemas.values import Day, Fen, Hex128, Message, Sentence


class PolicyValue(Message):
    """A policy value something was measured against, with where it comes from and how sure it is."""

    name: str
    value: str
    since: Day
    reference: str
    confidence: str
    illustrative: bool
    region: str | None = Field(default=None, description="The region whose file gives the value; a county inherits what it does not set.")
    formula: str | None = Field(default=None, description="How the value follows from others, such as `2 x 815.00 x 12 = 19560.00`.")


class Evidence(Message):
    """One fact something rests on."""

    fact_id: Hex128
    kind: str
    day: Day
    amount: Fen | None = None
    text: Sentence
