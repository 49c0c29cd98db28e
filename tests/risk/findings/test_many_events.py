"""Tests very many events of one finding.

The tests cover a bounded record, a word that covers them all, and the one nobody saw.
"""

from datetime import date, timedelta

import pytest

from foothold_risk.rules.findings.events import is_covered, unseen
from foothold_risk.rules.household.household import Event
from foothold_risk.worker.state import pack
from foothold_schemas.facts.saw import MOST_EVENTS
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.wire.codec import encode
from tests.support.made.scenario import Played, play

FIRST = date(2025, 7, 1)
MANY = [
    {
        "day": date(2026, 6, 9),
        "kind": "DisasterStruck",
        "id": f"d{n}",
        "struck_on": FIRST + timedelta(days=n),
        "home": "badly_damaged",
    }
    for n in range(300)
]
RICH = {
    "day": date(2026, 6, 1),
    "kind": "IncomeReported",
    "amount": "90000.00",
    "earned_month": "2026-05",
    "is_yearly": True,
}
DISMISSED = {
    "day": date(2026, 6, 11),
    "kind": "CaseDecided",
    "decision": "dismissed",
    "decided_on": date(2026, 6, 11),
}


def after_the_word(**fact: object) -> Played:
    return play(
        {
            "until": date(2026, 6, 12),
            "facts": [RICH, *MANY, DISMISSED, {"day": date(2026, 6, 12), **fact}],
        }
    )


def test_what_is_said_and_kept_of_very_many_events_is_bounded() -> None:
    played = after_the_word(kind="FactsRetracted", events=["d7"], reason="entered_in_error")
    saw = played.said[-2].saw[0]

    assert (len(saw.events), saw.events_total) == (MOST_EVENTS, 300)
    assert max(len(encode(transition)) for transition in played.said) < 100_000
    assert len(pack(played.household)) < 200_000


def test_a_word_on_very_many_covers_those_not_named_and_not_the_next() -> None:
    fewer = after_the_word(kind="FactsRetracted", events=["d299"], reason="entered_in_error")
    another = after_the_word(kind="DisasterStruck", struck_on=date(2026, 6, 12), home="destroyed")

    assert fewer.said[-1].movement is Movement.UNWATCHED
    assert [(transition.movement, transition.is_told) for transition in another.said[-2:]] == [
        (Movement.UNWATCHED, None),
        (Movement.ENTERED, True),
    ]


@pytest.mark.parametrize(
    ("now", "is_seen"),
    [
        (Event("fire", (2, 0), 1_200), True),
        (Event("fire", (2, 0), 1_201), False),
        (Event("fire", (3, 0), 0), False),
        (Event("fire", (2, 1), 0), False),
        (Event("fire", (1, 0), 0), True),
        (Event("flood", (1, 0), 0), False),
        (Event("fire", (2, 0), 0, since=11), False),
        (Event("fire", (2, 0), 0, since=10), True),
    ],
)
def test_an_event_is_the_one_that_was_seen_and_no_worse(now: Event, *, is_seen: bool) -> None:
    seen = Event("fire", (2, 0), 1_000, last=10)

    assert is_covered(now, seen, 2_000) is is_seen
    assert (unseen([now], [seen], 2_000) == ()) is is_seen
