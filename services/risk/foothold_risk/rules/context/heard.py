"""Decides which months count.

A month is heard when every required feed has reported for the household and that month. Unknown is
not zero.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from foothold_risk.rules.calendar import month_from_text
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.household.sources import Lapse
from foothold_schemas.facts.facts import FeedHeard

ALWAYS = 0


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The months an agency has spoken for, both ends included."""

    first: int
    last: int


Heard = Mapping[str, tuple[Span, ...]]
"""`<agency>|<feed>|<area>` -> what it said of that area."""


def note(heard: Heard, agency: str, fact: FeedHeard) -> dict[str, tuple[Span, ...]]:
    """What was heard, with this.

    Spans that meet are one, so that what is kept grows with the gaps and not with the messages.
    """
    span = Span(
        ALWAYS if fact.from_month is None else month_from_text(fact.from_month),
        month_from_text(fact.through_month),
    )
    key = f"{agency}|{fact.feed}|{fact.area}"
    return {
        **heard,
        key: tuple(_joined(sorted({*heard.get(key, ()), span}, key=lambda s: (s.first, s.last)))),
    }


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order, those that overlap or follow one another as one."""
    open_span: Span | None = None
    for span in spans:
        if open_span is not None and span.first <= open_span.last + 1:
            open_span = Span(open_span.first, max(open_span.last, span.last))
            continue
        if open_span is not None:
            yield open_span
        open_span = span
    if open_span is not None:
        yield open_span


def unheard_months(
    household: Household,
    months: range,
    feeds: tuple[str, ...],
    heard: Heard,
    lapses: tuple[Lapse, ...] = (),
) -> tuple[int, ...]:
    """Return the months that are not heard.

    They are the months for which one of the required income feeds has reported nothing yet, or of
    which a yearly source has lapsed, whoever its sender is.

    `household`: as policy counts it. What is carried counts as heard; "nothing more to report" says
    nothing of a yearly source.
    """
    unheard = {month for lapse in lapses for month in months if month >= lapse.first}
    for agency in feeds:
        silent = set(months)
        for income in household.incomes:
            if income.agency == agency:
                silent.difference_update(income.counted_months(months))
            if not silent:
                break
        unheard |= {month for month in silent if not _has_spoken(household, month, agency, heard)}
    return tuple(sorted(unheard))


def _has_spoken(household: Household, month: int, agency: str, heard: Heard) -> bool:
    """Whether the agency said it has nothing more for the household's area and this month."""
    area = household.register.area if household.register is not None else ""
    spoken = (
        span
        for length in (6, 9, 12)
        for span in heard.get(f"{agency}|IncomeReported|{area[:length]}", ())
    )
    return any(span.first <= month <= span.last for span in spoken)
