"""The second opinion on people's words: what each covers, and whether it holds today.

Computed from the facts each time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from foothold_schemas.facts.saw import Saw
from tests.support.reference.arithmetic import yuan
from tests.support.reference.events import SHARE, Event, Ground, was_seen

DISMISSAL_DAYS = 366


@dataclass(frozen=True)
class Word:
    """Of one finding what people saw: its events, or its value and how far that lay beyond.

    Whether income was below the line. `until`: the last day.

    `episode`: of a dismissal, the case; None for an exemption. `since`: the day it is given for.
    """

    kind: str
    until: date
    events: Mapping[str, Event] | None = None
    value: Fraction = Fraction(0)
    beyond: Fraction = Fraction(0)
    is_below: bool = False
    episode: int | None = None
    names: frozenset[str] = field(default=frozenset())
    since: date = date.min


def last_day_passed(word: Word, day: date) -> bool:
    return day > word.until


def is_covered(
    kind: str, ground: Ground, words: Iterable[Word], day: date, *, is_below: bool
) -> bool:
    """Whether the facts say no more than what was seen.

    No event it did not see, none grown worse, no value further beyond by more than the share of
    what was seen, not below unless it was below then.
    """
    heard = [
        w
        for w in words
        if w.kind == kind and not last_day_passed(w, day) and (w.is_below or not is_below)
    ]
    if not heard:
        return False
    if ground.events is not None:
        return all(
            any(was_seen(name, event, w.events) for w in heard if w.events)
            for name, event in ground.events.items()
        )
    return any(ground.beyond - w.beyond <= w.value * SHARE for w in heard)


def word_of(kind: str, ground: Ground, until: date, *, is_below: bool, episode: int | None) -> Word:
    """People's word on what is known."""
    return Word(kind, until, ground.events, ground.value, ground.beyond, is_below, episode)


def word_in(saw: Saw, until: date, episode: int | None) -> Word:
    """People's word on what the page showed."""
    events = {
        e.name: Event(
            e.states, None if e.amount is None else yuan(e.amount), last=e.last or date.min
        )
        for e in saw.events
    }
    value, beyond = (
        Fraction(0) if amount is None else yuan(amount) for amount in (saw.value, saw.beyond)
    )
    return Word(
        saw.finding.value,
        until,
        events if saw.events else None,
        value,
        beyond,
        saw.is_below,
        episode,
    )


def dismissed_until(day: date) -> date:
    return day + timedelta(days=DISMISSAL_DAYS)
