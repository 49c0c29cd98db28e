"""The two envelopes: the CloudEvent an agency sends, and the record that stands in the log."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from foothold_schemas.facts.facts import BroadcastFact, Fact, HouseholdFact
from foothold_schemas.values import Hex128, JsonObject, Message, Moment, Name

TYPE_PREFIX = "foothold."
TYPE_SUFFIX = ".v1"

AMENDS_PATTERN = r"^[!-~]{1,200}( [!-~]{1,200}){0,19}$"
ManyIds = Annotated[str, StringConstraints(max_length=2_000, pattern=AMENDS_PATTERN)]
PLACE_MAX = 2**53 - 1
"""The largest whole number every JSON reader keeps exactly."""
PlaceNumber = Annotated[int, Field(ge=0, le=PLACE_MAX)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


def event_type(kind: str) -> str:
    """The CloudEvents `type` of a kind of fact: `foothold.IncomeReported.v1`."""
    return f"{TYPE_PREFIX}{kind}{TYPE_SUFFIX}"


class CloudEvent(Message):
    """A CloudEvent 1.0 in JSON.

    Extension attributes are allowed, as the standard asks; `data` is judged by its kind.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: ShortText
    source: ShortText = Field(description="`/agencies/<agency>`, optionally with a path below it.")
    type: ShortText = Field(description="`foothold.<Kind>.v1`.")
    time: Moment = Field(description="When it happened, by the sender's clock, with an offset.")
    subject: ShortText | None = Field(
        default=None, description="`<county>/<register number>`; empty for kinds about an area."
    )
    amends: ManyIds | None = Field(
        default=None,
        description=(
            "Ids of earlier events of the same source that this one replaces, separated by a space."
        ),
    )
    datacontenttype: str = Field(
        default="application/json",
        description="`application/json` or `application/*+json`, in UTF-8.",
    )
    data: JsonObject


class FactRecord(Message):
    """One line of the log `household-facts.v1`: a fact with both clocks and its origin."""

    fact_id: Hex128
    household_id: Hex128 | None = Field(
        default=None, description="Empty for a fact that goes to every partition."
    )
    agency: Name
    source: str
    id: str
    time: Moment = Field(description="When it happened.")
    recorded_time: Moment = Field(description="When Foothold learned of it.")
    withdraws: tuple[Hex128, ...] = Field(
        default=(),
        description=(
            "Facts that count no longer, because this one replaces them or takes them back."
        ),
    )
    place: Annotated[tuple[PlaceNumber, ...], Field(max_length=2)] | None = Field(
        default=None,
        description=(
            "Where it stood in what it came in: row of the file, index in the batch, or partition"
            " and offset of the topic."
        ),
    )
    data: Fact

    @property
    def version_key(self) -> tuple[datetime, datetime, tuple[int, ...], str]:
        """Return the key by which the later of two versions of one statement is found.

        The greater key counts, the same in any order of arrival.

        `time` to the microsecond, then when Foothold first got it, then its place, then its id.
        What amends or retracts comes before any order.
        """
        return self.time, self.recorded_time, self.place or (), self.fact_id


class HouseholdRecord(FactRecord):
    """A line of the log about one household."""

    household_id: Hex128
    data: Annotated[HouseholdFact, Field(discriminator="kind")]


class BroadcastRecord(FactRecord):
    """A line of the log that goes to every partition, and is about no household."""

    household_id: None = None
    data: Annotated[BroadcastFact, Field(discriminator="kind")]


def addressed(record: FactRecord) -> HouseholdRecord | BroadcastRecord | None:
    """The record by whom it is for; None where its fact is for others than its household says."""
    is_for_everybody = isinstance(record.data, BroadcastFact)
    if is_for_everybody != (record.household_id is None):
        return None
    kind = BroadcastRecord if is_for_everybody else HouseholdRecord
    # what was read once is valid already
    return kind.model_construct(record.model_fields_set, **record.__dict__)
