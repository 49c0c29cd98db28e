"""The ugliest value of every field raises in no step.

It goes through every step between a record and its judgement, and none of them raises.

tests/contract/ingest/doors/test_ugliest.py sends them to the running system; what fails there for a
value fails here within seconds.
"""

from datetime import UTC, datetime
from typing import Final

import pytest

from foothold_ingest.intake.announcing import up_to_a_turn
from foothold_ingest.intake.intake import traced
from foothold_ingest.rules.accept import accept, kind_of
from foothold_ingest.rules.binding import from_kafka
from foothold_ingest.rules.judgement import Accepted, Caller, Clock, Rejected, Unplaced
from foothold_ingest.rules.strict_json import JsonValue, NotStrict
from foothold_schemas.facts.sent import OPERATOR_KINDS
from tests.support.made import ugly
from tests.support.made.regions import deployment

NOW: Final = datetime(2026, 6, 10, 4, tzinfo=UTC)
EXAMPLES: Final = 150


def read(event: ugly.Event, *, in_headers: bool) -> JsonValue | Rejected:
    """As the Kafka door reads it."""
    headers = (
        [(name, value) for name, value in ugly.as_headers(event) if isinstance(value, bytes)]
        if in_headers
        else []
    )
    value = ugly.as_json(event.get("data") if in_headers else event)
    try:
        return traced(from_kafka(headers, value))
    except NotStrict as error:
        return Rejected(error.reason, str(error))


@pytest.mark.parametrize("kind", ugly.KINDS)
def test_no_ugly_value_makes_a_step_before_the_judgement_raise(kind: str) -> None:
    clock, ours = Clock(NOW, NOW.date(), NOW), deployment(b"s" * 32)
    events = ugly.examples(kind, EXAMPLES, "/agencies/statistics")
    read_in = [read(event, in_headers=place % 3 == 0) for place, event in enumerate(events)]
    caller = Caller("statistics", is_operator=kind in OPERATOR_KINDS, kinds=None)

    judged = [accept(event, caller, clock, ours) for event in read_in if isinstance(event, dict)]

    assert all(isinstance(judgement, Accepted | Unplaced | Rejected) for judgement in judged)
    assert len(judged) > EXAMPLES // 4
    assert {kind_of(event) for event in read_in if not isinstance(event, Rejected)} <= {
        *ugly.KINDS,
        "unknown",
    }
    assert all(up_to_a_turn(read_in[first:]) > 0 for first in range(len(read_in)))
