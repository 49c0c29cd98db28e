"""What a batch of transitions makes of cases, and whom it is told."""

from datetime import UTC, datetime

import pytest

from foothold_alerts.cases.changes import Changes
from foothold_alerts.cases.relieving import ReliefOfBatch
from foothold_alerts.rules.notices import Event
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from tests.support.alerts import WEEKENDS, WORKFLOWS, transition

NOW = datetime(2026, 6, 10, 4, tzinfo=UTC)


def moved(number: int, movement: Movement, **changes: object) -> Transition:
    return transition("a", number, movement=movement, is_urgent=False, is_told=True, **changes)


def ended(number: int, reason: ExitReason) -> Transition:
    gone = {"status": Status.CLEAR, "group": None, "is_lead": False, "is_episode_over": True}
    return moved(number, Movement.EXITED, exit_reason=reason, **gone)


@pytest.mark.parametrize(
    ("reason", "is_wavering", "event"),
    [
        (ExitReason.DISMISSED, False, Event.NEWS),
        (ExitReason.CLEARED, True, Event.REOPENED),
    ],
)
def test_a_case_that_goes_on_is_told_apart_from_one_that_something_new_opens_again(
    reason: ExitReason,
    is_wavering: bool,  # noqa: FBT001 - a row of the table
    event: Event,
) -> None:
    changes = Changes.of([], ReliefOfBatch([]), NOW)
    for step in (
        moved(1, Movement.ENTERED, previous_group=None),
        ended(2, reason),
        moved(3, Movement.RELAPSED, is_wavering=is_wavering),
    ):
        changes.apply(step, "", WORKFLOWS, WEEKENDS)

    assert [taken.action for taken in changes.taken] == ["opened", "closed", "reopened"]
    assert set(changes.news.values()) == {event}
