"""Which earlier facts an event replaces or takes back.

A sender's own ids become the ids of facts in the log.
"""

from collections.abc import Callable

from foothold_ingest.rules.judgement import AnyFact
from foothold_schemas.facts.envelope import CloudEvent
from foothold_schemas.facts.facts import AreaStruck, FactsRetracted, FeedHeard
from foothold_schemas.facts.register import HouseholdRegistered
from foothold_schemas.facts.sent import AGENCY_KINDS


def problem_of(envelope: CloudEvent, data: AnyFact) -> str | None:
    """What is wrong with what the event corrects; None when nothing is."""
    named = _named(envelope, data)
    if envelope.id in named:
        return "an event cannot correct itself; give the correction an id of its own"
    if len(set(named)) < len(named):
        return "an id stands twice"
    is_agencys = data.kind in AGENCY_KINDS and not isinstance(
        data, FeedHeard | AreaStruck | FactsRetracted | HouseholdRegistered
    )
    if envelope.amends is not None and not is_agencys:
        return (
            "this kind amends nothing: a register entry or an incident is replaced by a newer one,"
            " and FactsRetracted names its events in `data`"
        )
    return None


def withdrawn(
    envelope: CloudEvent, data: AnyFact, fact_id: Callable[[str, str], str]
) -> tuple[str, ...]:
    """The facts that count no longer, in an order that does not depend on the sender's."""
    return tuple(sorted(fact_id(envelope.source, name) for name in _named(envelope, data)))


def _named(envelope: CloudEvent, data: AnyFact) -> tuple[str, ...]:
    return (
        data.events if isinstance(data, FactsRetracted) else tuple((envelope.amends or "").split())
    )
