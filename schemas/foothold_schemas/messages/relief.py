"""What people decided or did at the desk, on its way from alerts into the log."""

from typing import Annotated

from pydantic import Field

from foothold_schemas.facts.facts import PeopleFact
from foothold_schemas.messages.disputes import FactDisputed
from foothold_schemas.values import EventId, Hex128, Message, Moment, Name


class PeopleSaid(Message):
    """One line of `relief-facts.v1`.

    Those of a household come in order; ingest puts them into the log as facts of `foothold-desk`.

    A doubt about a fact is none itself: ingest asks the fact's sender.
    """

    id: EventId = Field(description="The same for the same act, so that a repeat counts once.")
    household_id: Hex128
    time: Moment = Field(description="When the person did it.")
    by: Name = Field(description="The account of the person; no name.")
    data: Annotated[PeopleFact | FactDisputed, Field(discriminator="kind")]
